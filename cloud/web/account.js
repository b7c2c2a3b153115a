// The front page: who is signed in, and what can be done about it.
import {
  auth, currentUser, fill, onClick, organizations, show, start, takeQuery,
} from "./page.js";

const query = takeQuery();

async function open() {
  // A verification link that named no page ends here.
  if (query.has("error")) {
    location.replace("/auth/verified?error=invalid_token");
    return;
  }
  const user = await currentUser();
  if (user === null) return show("signed-out");
  fill("name", user.name);
  fill("email", user.email);
  document.getElementById("unverified").hidden = user.emailVerified;
  const names = (await organizations()).map(({ name }) => name);
  fill("organization", names.join(", ") || "none yet");
  show("account");
}

onClick("sign-out", async () => {
  await auth("sign-out");
  show("signed-out");
});

start(open);
