// Deletes the account that is signed in, after its address has been typed.
import {
  FieldError, currentUser, fill, onSubmit, rpc, show, start,
} from "./page.js";

let address = "";

async function open() {
  const user = await currentUser();
  if (user === null) {
    location.replace("/signin?next=/delete-account");
    return;
  }
  address = user.email;
  fill("email", address);
  show("delete");
}

onSubmit("delete", async ({ email }) => {
  if (email.trim().toLowerCase() !== address) {
    throw new FieldError("email", `That is not ${address}.`);
  }
  await rpc("dashboard/deleteAccount");
  show("deleted");
});

start(open);
