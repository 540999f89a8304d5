// Hands the card over to Stripe: its Payment Element shows cards, Apple Pay and Google Pay, and does 3-D Secure.
"use strict";
const form = document.getElementById("pay");
if (form) {
  const button = document.getElementById("submit");
  const problem = document.getElementById("problem");
  const say = (text) => {
    problem.textContent = text;
    problem.hidden = !text;
  };
  if (typeof Stripe === "undefined") {
    say("The card form could not be loaded. Check the connection and open this page again.");
  } else {
    const stripe = Stripe(form.dataset.key);
    const elements = stripe.elements({ clientSecret: form.dataset.secret });
    const element = elements.create("payment");
    element.on("ready", () => { button.disabled = false; });
    element.on("loaderror", () => say("The card form could not be loaded. Open this page again."));
    element.mount("#element");
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      button.disabled = true;
      say("");
      // On success Stripe comes back to this page, which then says where the payment stands.
      const answer = await stripe.confirmPayment({ elements, confirmParams: { return_url: location.origin + location.pathname } });
      say(answer.error.message || "That did not work. Try again or take another card.");
      button.disabled = false;
    });
  }
}
