// Sets a new password with the token of the mailed link.
import { FieldError, auth, onSubmit, show, takeQuery } from "./page.js";

const query = takeQuery();
const token = query.get("token") ?? "";

onSubmit("reset", async ({ newPassword }) => {
  try {
    await auth("reset-password", { newPassword, token });
  } catch (error) {
    if (error.code === "INVALID_TOKEN") return show("bad-link");
    if (error.code === "PASSWORD_TOO_LONG") {
      throw new FieldError("newPassword", "At most 128 characters.");
    }
    throw error;
  }
  show("done");
});

show(token === "" || query.has("error") ? "bad-link" : "reset");
