// The bar in another program's page: a script from the gateway's /embed/tieline-bar.js, and <tieline-bar></tieline-bar>. It lives in a
// frame of the gateway; the two speak by messages, each taken from the other alone.
(() => {
  const HOME = new URL(document.currentScript.src).origin;
  const VERSION = 1;

  class TielineBar extends HTMLElement {
    connectedCallback() {
      const lang = this.getAttribute("lang") ?? document.documentElement.lang ?? "en";
      this.frame = document.createElement("iframe");
      this.frame.title = "Tieline";
      this.frame.style.cssText = "border:0;width:100%;height:48px;display:block";
      this.frame.allow = "autoplay";
      this.frame.src = `${HOME}/embed/bar?origin=${encodeURIComponent(location.origin)}&lang=${encodeURIComponent(lang)}`;
      this.hear = (event) => {
        if (event.origin !== HOME || event.source !== this.frame?.contentWindow || event.data?.tieline !== VERSION) return;
        const { type, ...detail } = event.data;
        this.dispatchEvent(new CustomEvent(`tieline-${type}`, { detail, bubbles: true }));
      };
      this.click = (event) => {
        const link = event.target.closest?.('a[href^="tel:"]');
        if (!link || !this.hasAttribute("data-tel-links")) return;
        event.preventDefault();
        this.dial(decodeURIComponent(link.getAttribute("href").slice(4).split(";")[0]));
      };
      addEventListener("message", this.hear);
      document.addEventListener("click", this.click);
      this.replaceChildren(this.frame);
    }

    disconnectedCallback() {
      removeEventListener("message", this.hear);
      document.removeEventListener("click", this.click);
    }

    send(type, fields = {}) {
      this.frame.contentWindow.postMessage({ tieline: VERSION, type, ...fields }, HOME);
    }

    /** An agent's access token, which this page's server asked the gateway for. */
    set token(token) {
      this.send("token", { token });
    }

    dial(number) {
      this.send("dial", { number });
    }

    hold() {
      this.send("hold");
    }

    retrieve() {
      this.send("retrieve");
    }

    transfer(to) {
      this.send("transfer", { to });
    }

    hangUp() {
      this.send("hang_up");
    }
  }

  customElements.define("tieline-bar", TielineBar);
})();
