// What a CRM does with the bar: it gives it the agent's token, shows who calls, and hears what becomes of the call.
const bar = document.querySelector("tieline-bar");
const card = document.getElementById("card");

// The gateway's address comes with this page; in a CRM it is a setting.
fetch("gateway").then(async (answer) => {
  const script = document.createElement("script");
  script.src = `${await answer.text()}embed/tieline-bar.js`;
  document.body.append(script);
});

bar.addEventListener("tieline-token_wanted", async () => {
  bar.token = await (await fetch("token")).text();
});

bar.addEventListener("tieline-ready", () => (document.body.dataset.ready = "yes"));

const show = ({ detail }) => {
  if (detail.state === "ended") {
    card.hidden = true;
    return;
  }
  card.hidden = false;
  card.dataset.call = detail.call_id;
  document.getElementById("who").textContent = [detail.name, detail.number].filter(Boolean).join(", ");
  document.getElementById("state").textContent = detail.state;
};
bar.addEventListener("tieline-pop", show);
bar.addEventListener("tieline-call", show);
bar.addEventListener("tieline-problem", ({ detail }) => (document.getElementById("problem").textContent = detail.detail));
