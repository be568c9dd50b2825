/** A field for a password or a token; the eye in it says in the page's language what it does. */
import { PasswordInput, type PasswordInputProps } from "@mantine/core";
import { say } from "./words";

export const Secret = (props: PasswordInputProps) => <PasswordInput visibilityToggleButtonProps={{ "aria-label": say("showPassword") }} {...props} />;
