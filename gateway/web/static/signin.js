// The token that the gateway wants, where it wants one: asked for once, kept in this tab and gone with it.

const KEY = "token";
const $ = (id) => document.getElementById(id);

export const token = () => sessionStorage.getItem(KEY);

/** What a request shows. */
export const credentials = () => (token() === null ? {} : { Authorization: `Bearer ${token()}` });

/** Ask for a token and say why the last one was not taken; done() follows when there is one. */
export function ask(why, done) {
  const dialog = $("signin");
  $("signin-why").textContent = why;
  $("signin-why").hidden = !why;
  $("signin-form").onsubmit = (event) => {
    event.preventDefault();
    sessionStorage.setItem(KEY, $("signin-token").value.trim());
    $("signin-token").value = "";
    dialog.onclose = null;
    dialog.close();
    showSignOut();
    done();
  };
  dialog.onclose = () => dialog.showModal(); // without a token there is nothing to see, so Escape does not close the question
  if (!dialog.open) dialog.showModal();
}

function showSignOut() {
  $("signout").hidden = token() === null;
}

$("signout").addEventListener("click", () => {
  sessionStorage.removeItem(KEY);
  location.reload();
});
showSignOut();
