// Chromium, as a person uses `entralab up`: every page on the way of a sign-in, and the lab's own.
//
// proves: page_names, keep_me_signed_in, consent, conditional_access, multifactor

const assert = require("node:assert/strict");
const { inChromium, press, shows } = require("./chromium.cjs");
const { run } = require("./lab.cjs");

/** In the page: what ends beyond the window, and stands in nothing that scrolls. */
function outOfReach() {
  for (const details of document.querySelectorAll("details")) details.open = true;
  const scrolls = (element) => element && (/auto|scroll/.test(getComputedStyle(element).overflowX) || scrolls(element.parentElement));
  const isBeyond = (element) => element.getBoundingClientRect().right > innerWidth + 1 && !scrolls(element);
  return [...document.querySelectorAll("main *, body > *, td, th")].filter(isBeyond).map((element) => element.outerHTML.slice(0, 80));
}

run(async (lab) => {
  await inChromium(lab, async (page) => {
    const text = () => page.$eval("body", (body) => body.innerText);
    await page.goto(lab.lab);
    await press(page, "::-p-text(Connect):is(button)");

    // a wrong password first: the page comes again, and says so
    await page.locator("#i0116").fill(lab.user.username);
    await page.locator("#i0118").fill("Not-Her-Password-1");
    await press(page, "#idSIButton9");
    assert.match(await text(), /AADSTS50126/);
    await page.locator("#i0118").fill(lab.user.password);
    await press(page, "#idSIButton9");

    const seen = [];
    while (new URL(page.url()).origin === lab.idp) {
      const shown = await text();
      if (await shows(page, "[data-otc]")) {
        seen.push("second factor");
        await page.locator("[name=otc]").fill(await page.$eval("[data-otc]", (app) => app.dataset.otc));
        await press(page, "#idSubmit_SAOTCC_Continue");
        continue;
      }
      seen.push(["Terms of Use", "Stay signed in?", "Permissions requested"].find((title) => shown.includes(title)) ?? shown);
      await press(page, "#idSIButton9");
    }
    assert.deepEqual(seen, ["second factor", "Terms of Use", "Stay signed in?", "Permissions requested"]);
    assert.match(await text(), /Connection created/);

    await page.goto(lab.lab);
    await press(page, "::-p-text(Test operation):is(button)");
    assert.match(await text(), /406[\s\S]*All is well/i);
    await press(page, "::-p-text(List tools):is(button)");
    assert.match(await text(), /get_stockprice/);
    await press(page, "::-p-text(Ask):is(button)");
    assert.match(await text(), /TSLA/);
    await page.goto(`${lab.lab}/trace`);
    assert.match(await text(), /tools\/call/);

    // on a telephone everything can be reached: what is too wide stands in something that scrolls
    await page.setViewport({ width: 320, height: 640 });
    for (const address of [lab.lab, `${lab.lab}/trace`]) {
      await page.goto(address);
      assert.deepEqual(await page.evaluate(outOfReach), [], address);
    }
  });
  console.log("Chromium: signed in over every page, and used the lab's own");
});
