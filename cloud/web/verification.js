// The wait for a proof that the mail address belongs to the user: asks the
// server every three seconds, and has the mail sent again.
import { auth, fill, onClick, rpc, say, show } from "./page.js";

const EVERY_MS = 3_000;
const AT_MOST_MS = 60 * 60_000; // as long as the mailed link is good for

export const VERIFIED_PAGE = "/auth/verified";

let waitingFor = "";
let turn = 0; // of the wait that counts; an older one ends

const pause = () => new Promise((resolve) => setTimeout(resolve, EVERY_MS));

// Shows the step "verify", and calls `then` once `email` is verified.
export function awaitVerification(email, then) {
  waitingFor = email;
  fill("email", email);
  show("verify");
  wait(++turn, then);
}

export function stopWaiting() {
  ++turn;
}

async function wait(mine, then) {
  try {
    for (let waited = 0; waited < AT_MOST_MS; waited += EVERY_MS) {
      await pause();
      if (mine !== turn) return;
      if (await isVerified()) return await then();
    }
    say("The link has run out. Have the mail sent again.");
  } catch (error) {
    if (mine === turn) say(error.message);
  }
}

async function isVerified() {
  try {
    return (await rpc("auth/status")).emailVerified;
  } catch (error) {
    // Anything but the end of the session passes.
    if (error.status !== 401) return false;
    throw new Error("You are signed out. Start again.");
  }
}

onClick("send-again", async () => {
  await auth("send-verification-email", {
    email: waitingFor,
    callbackURL: VERIFIED_PAGE,
  });
  say(`Sent again to ${waitingFor}.`);
});
