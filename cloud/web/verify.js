// Where the link of the verification mail ends, and where the user who is
// signed in waits for it.
import {
  auth, currentUser, onClick, onSubmit, say, show, start, takeQuery,
} from "./page.js";
import {
  awaitVerification, VERIFIED_PAGE, stopWaiting,
} from "./verification.js";

const query = takeQuery();

async function open() {
  if (query.has("error")) {
    // A link works once, and what looks for viruses in mails opens it first.
    const user = await currentUser();
    return show(user?.emailVerified ? "verified" : "bad-link");
  }
  if (location.pathname === VERIFIED_PAGE) return show("verified");
  const user = await currentUser();
  if (user === null) return show("ask");
  if (user.emailVerified) return show("verified");
  awaitVerification(user.email, () => show("verified"));
}

async function send({ email }) {
  await auth("send-verification-email", { email, callbackURL: VERIFIED_PAGE });
  say(`If ${email} waits to be confirmed, a mail is on its way there.`);
}

onClick("other-account", async () => {
  stopWaiting();
  await auth("sign-out");
  show("ask");
});
onSubmit("ask", send);
onSubmit("bad-link", send);
start(open);
