/**
 * What systemd-logind does with the objects of a user who logs out.
 *
 * @module
 */

import { listNames, readSmallFile } from "./_proc.ts";

/** Where systemd looks, the most important first. */
const FOLDERS = ["/etc/systemd", "/run/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd"];
const SETTING_REGEXP = /^[ \t]*RemoveIPC[ \t]*=[ \t]*(\S*)/gm;
const YES_REGEXP = /^(1|y|yes|t|true|on)$/i;

/** `RemoveIPC=`, which is on unless a file switches it off (logind.conf(5)). */
export function removesIpcAtLogout(): boolean {
  const texts = [mainFile(), ...dropIns()];
  const settings = texts.flatMap((text) => [...text.matchAll(SETTING_REGEXP)]);
  const last = settings.at(-1)?.[1];
  return last === undefined || last === "" || YES_REGEXP.test(last);
}

/** The first that there is; the others are not read. */
function mainFile(): string {
  for (const folder of FOLDERS) {
    const text = readSmallFile(`${folder}/logind.conf`);
    if (text !== undefined) return text;
  }
  return "";
}

/** Read after it, by name; of two with one name the more important folder's counts. */
function dropIns(): string[] {
  const paths = new Map<string, string>();
  for (const folder of FOLDERS.toReversed()) {
    for (const name of listNames(`${folder}/logind.conf.d`)) {
      if (name.endsWith(".conf")) paths.set(name, `${folder}/logind.conf.d/${name}`);
    }
  }
  return [...paths].sort(([a], [b]) => a < b ? -1 : 1).map(([, path]) => readSmallFile(path) ?? "");
}
