// Accepts an invitation into an organisation: with the account that is signed
// in, with one that exists, or with a new one.
import {
  auth, currentUser, fill, onClick, onSubmit, rpc, show, start, takeQuery,
} from "./page.js";
import { awaitVerification, stopWaiting } from "./verification.js";

const query = takeQuery();
const invitation = {
  invitationId: query.get("invitationId") ?? "",
  tenantSlug: query.get("tenantSlug") ?? "",
};
let invited = "";

async function details() {
  try {
    const found = await rpc("auth/inviteDetails", invitation);
    return found.status === "pending" ? found : null;
  } catch (error) {
    if (error.status === 400 || error.status === 404) return null;
    throw error;
  }
}

function whenOf(time) {
  const date = new Date(time);
  return date.toLocaleString("en-GB", {
    dateStyle: "long", timeStyle: "short",
  });
}

async function open() {
  const found = await details();
  if (found === null) return show("gone");
  invited = found.email;
  fill("invited", invited);
  fill("organization", found.organizationName);
  fill("expires", whenOf(found.expiresAt));
  const user = await currentUser();
  if (user === null) return show("signup");
  fill("email", user.email);
  show(user.email === invited ? "join" : "other");
}

async function join() {
  await rpc("auth/acceptInviteForCurrentUser", invitation);
  await welcome();
}

async function welcome() {
  const { email, emailVerified } = await rpc("auth/status");
  if (emailVerified) show("joined");
  else awaitVerification(email, welcome);
}

onSubmit("join", join);

onSubmit("signin", async ({ password }) => {
  try {
    await auth("sign-in/email", { email: invited, password });
  } catch (error) {
    if (error.status !== 401) throw error;
    throw new Error(
      "The password is wrong, or nobody has an account with this address.",
    );
  }
  await join();
});

onSubmit("signup", async ({ name, password }) => {
  try {
    await rpc("auth/acceptInviteAndSignup", { ...invitation, name, password });
  } catch (error) {
    if (error.reason !== "email_taken") throw error;
    throw new Error(
      "There is an account with this address already. Sign in instead.",
    );
  }
  await auth("sign-in/email", { email: invited, password });
  await welcome();
});

onClick("other-account", async () => {
  stopWaiting();
  await auth("sign-out");
  show("signup");
});
onClick("to-signin", () => show("signin"));
onClick("to-signup", () => show("signup"));

start(open);
