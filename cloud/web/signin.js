// Sign in and sign up, and then the one thing that the user came for: to log
// in the command line, or a page.
import {
  ApiError, FieldError, auth, currentUser, fill, onClick, onSubmit, rpc, show,
  start, takeQuery,
} from "./page.js";
import { awaitVerification, stopWaiting } from "./verification.js";

const PAGES_AFTER = ["/", "/delete-account", "/verify-email"];

const query = takeQuery();
const cliLogin = {
  requestId: query.get("cliLoginId"),
  secret: query.get("cliLoginSecret"),
};
const isForCli = Boolean(cliLogin.requestId && cliLogin.secret);
const pageAfter =
  PAGES_AFTER.find((page) => page === query.get("next")) ?? "/";

function firstStep() {
  const isNew =
    query.get("mode") === "signup" || location.pathname === "/signup";
  return isNew ? "signup" : "signin";
}

// Signed in: asks for what is still missing, then goes on to what it is for.
async function proceed() {
  const status = await rpc("auth/status");
  fill("email", status.email);
  if (!status.emailVerified) return awaitVerification(status.email, proceed);
  if (!status.hasTenant) return show("organization");
  goOn();
}

function goOn() {
  if (isForCli) show("approve");
  else location.replace(pageAfter);
}

async function signIn({ email, password }) {
  await auth("sign-in/email", { email, password });
}

function slugOf(name) {
  return name.trim().toLowerCase().replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
}

// The short name follows the name until it is changed by hand.
function suggestSlug(form) {
  const { organizationName, organizationSlug } = form.elements;
  let isOurs = true;
  organizationName.addEventListener("input", () => {
    if (isOurs) organizationSlug.value = slugOf(organizationName.value);
  });
  organizationSlug.addEventListener("input", () => {
    isOurs = organizationSlug.value === "";
  });
}

// Says at the field what only the server knows about it.
function atField(error) {
  if (error instanceof ApiError && error.reason === "slug_taken") {
    return new FieldError(
      "organizationSlug",
      "Another organisation has this short name. Choose another.",
    );
  }
  if (error instanceof ApiError && error.reason === "email_taken") {
    return new FieldError(
      "email",
      "There is an account with this address already. Sign in instead.",
    );
  }
  return error;
}

onSubmit("signin", async (values) => {
  try {
    await signIn(values);
  } catch (error) {
    if (error.status !== 401) throw error;
    throw new FieldError("password", "E-mail address or password is wrong.");
  }
  await proceed();
});

onSubmit("signup", async (values) => {
  try {
    await rpc("auth/signupAndCreateOrg", {
      ...values,
      debugNotificationEmail: values.debugNotificationEmail || values.email,
    });
  } catch (error) {
    throw atField(error);
  }
  await signIn(values);
  await proceed();
});

onSubmit("organization", async (values) => {
  const { email } = await rpc("auth/status");
  try {
    await rpc("auth/createOrgForCurrentUser", {
      ...values,
      debugNotificationEmail: email,
    });
  } catch (error) {
    throw atField(error);
  }
  goOn();
});

async function approve() {
  try {
    return (await rpc("auth/cliLoginApprove", cliLogin)).status;
  } catch (error) {
    if (error.status !== 400 && error.status !== 404) throw error;
    return "expired";
  }
}

onSubmit("approve", async () => {
  const status = await approve();
  if (status === "approved") return show("approved");
  if (status === "pending_verification") return proceed();
  throw new Error(
    "This login has expired or was used already. Start it again in the " +
      "terminal.",
  );
});

onClick("other-account", async () => {
  stopWaiting();
  await auth("sign-out");
  show("signin");
});
onClick("to-signup", () => show("signup"));
onClick("to-signin", () => show("signin"));
onClick("skip-organization", goOn);

suggestSlug(document.forms.signup);
suggestSlug(document.forms.organization);
for (const note of document.querySelectorAll("[data-for-cli]")) {
  note.hidden = !isForCli;
}
start(async () => {
  if (await currentUser()) await proceed();
  else show(firstStep());
});
