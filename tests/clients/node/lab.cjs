// What the scripts of this folder share: a running lab, and a person who signs in at its real pages.

const { readFileSync } = require("node:fs");

/** The lab that a file tells of: the script's argument, which `up --ready-file` wrote, or that of `exec`. */
class Lab {
  constructor() {
    Object.assign(this, JSON.parse(readFileSync(process.argv[2] ?? process.env.ENTRALAB_LAB_FILE, "utf8")));
    this.user = this.users.find(({ username }) => username.startsWith("megan"));
    this.authority = `${this.idp}/${this.tenant}`;
  }

  /** A scope of an application of the world. */
  scope(app, name) {
    return `${this.apps[app].identifier_uri}/${name}`;
  }

  /**
   * Follows the pages from `url` as a person would, and stops at the application's redirect URI: the URL with the
   * answer, or, where the answer was posted, the redirect URI with the posted fields as its query.
   */
  async signIn(url, redirectUri) {
    const go = browser();
    let { answer, at } = await go(url);
    for (let step = 0; step < 12; step += 1) {
      const location = answer.headers.get("location");
      if (location) {
        const target = new URL(location, at);
        if (target.href.startsWith(redirectUri)) return target;
        ({ answer, at } = await go(target));
        continue;
      }
      const page = await answer.text();
      const form = formOf(page);
      if (!form) throw new Error(`a page without a way on: ${page}`);
      const target = new URL(form.action, at);
      if (target.href.startsWith(redirectUri)) return new URL(`?${new URLSearchParams(form.fields)}`, target);
      if ("loginfmt" in form.fields) {
        Object.assign(form.fields, { loginfmt: this.user.username, passwd: this.user.password });
      }
      ({ answer, at } = await go(target, { method: "POST", body: new URLSearchParams(form.fields) }));
    }
    throw new Error("the pages never led back to the redirect URI");
  }

  /** Opens the address that a device tells, types its code and signs in. */
  async letDeviceIn(url, userCode) {
    const go = browser();
    let { answer, at } = await go(url);
    for (let step = 0; step < 6; step += 1) {
      const location = answer.headers.get("location");
      if (location) {
        ({ answer, at } = await go(new URL(location, at)));
        continue;
      }
      const page = await answer.text();
      if (page.includes("You may now close this window")) return;
      const form = formOf(page);
      if (!form) throw new Error(`a page without a way on: ${page}`);
      if ("otc" in form.fields) form.fields.otc = userCode;
      if ("loginfmt" in form.fields) {
        Object.assign(form.fields, { loginfmt: this.user.username, passwd: this.user.password });
      }
      ({ answer, at } = await go(new URL(form.action, at), { method: "POST", body: new URLSearchParams(form.fields) }));
    }
    throw new Error("the pages never came to an end");
  }
}

/** A browser without scripts, which keeps cookies: fetches a URL, and says where it was. */
function browser() {
  const cookies = new Map();
  return async (target, init = {}) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await fetch(target, { ...init, headers: { cookie, ...init.headers }, redirect: "manual" });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      /max-age=0/i.test(line) ? cookies.delete(name) : cookies.set(name, value);
    }
    return { answer, at: target };
  };
}

/** The form of a page that goes on: the one of its first button. */
function formOf(page) {
  const form = [...page.matchAll(/<form[\s\S]*?<\/form>/g)].map(([text]) => text).find((text) => /id="idSIButton9"/.test(text));
  if (!form) return undefined;
  const fields = {};
  for (const [input] of form.matchAll(/<(?:input|button)[^>]*>/g)) {
    const name = attribute(input, "name");
    if (name && attribute(input, "type") !== "checkbox") fields[name] = attribute(input, "value") ?? "";
  }
  return { action: attribute(form, "action"), fields };
}

function attribute(tag, name) {
  const found = new RegExp(`\\s${name}="([^"]*)"`).exec(tag);
  return found?.[1].replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(code)).replaceAll("&amp;", "&");
}

/** Runs a script's `main`, and fails the process with the error where it throws. */
function run(main) {
  main(new Lab()).catch((error) => {
    console.error(error);
    process.exit(1);
  });
}

module.exports = { run };
