"""asyncua's client with one more care: a password never leaves in plain text. Imports asyncua, so import it late."""

from __future__ import annotations

from asyncua import Client, ua

from verticals.devices.opcua_security import refuse_plain_password


class CarefulClient(Client):  # type: ignore[misc]
    def server_policy(self, token_type: ua.UserTokenType) -> ua.UserTokenPolicy:
        """Asked by asyncua just before it puts a user's token together. Raises TrustError."""
        policy = super().server_policy(token_type)
        if token_type is ua.UserTokenType.UserName:
            refuse_plain_password(policy, self.security_policy.Mode, self.server_url.geturl())
        return policy
