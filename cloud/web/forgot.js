// Has a link mailed with which a new password can be set.
import { auth, fill, onSubmit, show } from "./page.js";

onSubmit("forgot", async ({ email }) => {
  await auth("request-password-reset", {
    email,
    redirectTo: "/reset-password",
  });
  fill("email", email);
  show("sent");
});

show("forgot");
