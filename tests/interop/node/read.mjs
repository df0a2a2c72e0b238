// Reads targets with tuf-js: `node read.mjs BASE-ADDRESS ROOT DIRECTORY TARGET...`. Prints one line for each: its SHA-256,
// `absent`, or what tuf-js says against it.
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { Updater } from 'tuf-js';

const [base, root, directory, ...targets] = process.argv.slice(2);
const [metadataDir, targetDir] = [`${directory}/metadata`, `${directory}/targets`];
mkdirSync(metadataDir, { recursive: true });
mkdirSync(targetDir, { recursive: true });
copyFileSync(root, `${metadataDir}/root.json`);
const updater = new Updater({
  metadataDir, targetDir, metadataBaseUrl: `${base}/metadata`, targetBaseUrl: `${base}/targets`,
  config: { fetchRetry: 0, prefixTargetsWithHash: true },
});
for (const [number, target] of targets.entries()) {
  try {
    const info = await updater.getTargetInfo(target);
    const file = info && (await updater.downloadTarget(info, `${targetDir}/${number}`));
    console.log(info ? createHash('sha256').update(readFileSync(file)).digest('hex') : 'absent');
  } catch (error) {
    console.log(`refused: ${error.constructor.name}: ${error.message}`);
  }
}
