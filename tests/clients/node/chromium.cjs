// What the scripts share that drive a real browser: Chromium, which trusts the lab's certificate authority and nothing else
// that the system does not.

const { createHash, X509Certificate } = require("node:crypto");
const { mkdtempSync, readFileSync, rmSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const puppeteer = require("puppeteer-core");

/** Calls `drive` with a page of a fresh browser. */
async function inChromium(lab, drive) {
  const key = new X509Certificate(readFileSync(lab.ca)).publicKey.export({ type: "spki", format: "der" });
  const userDataDir = mkdtempSync(join(tmpdir(), "entralab-chromium-"));
  const browser = await puppeteer.launch({
    executablePath: process.env.ENTRALAB_CHROMIUM,
    userDataDir,
    // certificates of this key are trusted; the other two because tests run as root in containers, whose /dev/shm is small
    args: [
      `--ignore-certificate-errors-spki-list=${createHash("sha256").update(key).digest("base64")}`,
      "--no-sandbox",
      "--disable-dev-shm-usage",
    ],
  });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(20_000);
    await drive(page);
  } finally {
    await browser.close();
    rmSync(userDataDir, { recursive: true, force: true });
  }
}

/** Presses what `selector` names, and waits for the page that it leads to. */
async function press(page, selector) {
  await Promise.all([page.waitForNavigation(), page.locator(selector).click()]);
}

/** Whether the page shows what `selector` names. */
async function shows(page, selector) {
  return (await page.$(selector)) !== null;
}

module.exports = { inChromium, press, shows };
