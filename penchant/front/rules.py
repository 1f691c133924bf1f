"""Rules of the front: who may reach what is served by HTTP, from where, and with how much."""

from ipaddress import ip_network
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from penchant.front.roles import Role
from streams.section import File, Words, form, section, unit


def _network(text: str) -> str:
    ip_network(text)
    return text


Network = Annotated[str, AfterValidator(_network), form("an IP address or network, as 10.0.0.7 or 10.0.0.0/8")]
HostName = Annotated[
    str,
    Field(pattern=r"^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]{1,253})(:\d{1,5})?$"),
    form("a host name, with its port where that is no usual one"),
]
Header = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$"), form("the name of an HTTP header")]
BodyBytes = Annotated[int, Field(ge=1_024, le=16_777_216), unit("bytes")]


@section
class HttpRules:
    """What is served by HTTP (console and serve), and to whom: the health endpoint apart, which tells no data."""

    tokens_file: File | None = None
    """Who may come in. A line for each token: a name, roles between commas (viewer, operator, privacy) and the
    token's SHA-256 as 64 hexadecimal digits. A change counts within a second. Without it only this machine is
    served."""
    local_roles: Annotated[tuple[Role, ...], Words] = ("operator",)
    """What whoever comes from this machine may do, while neither tokens_file nor proxies is set."""
    hosts: Annotated[tuple[HostName, ...], Words] = ()
    """The names by which browsers reach it, besides localhost. A request for another host is refused, so that no page
    elsewhere can have a browser read it (DNS rebinding)."""
    proxies: Annotated[tuple[Network, ...], Words] = ()
    """Proxies that sign people in, by address. From all others the two headers mean nothing."""
    user_header: Header = "X-Forwarded-User"
    """Where a proxy writes who somebody is."""
    roles_header: Header = "X-Forwarded-Groups"
    """Where a proxy writes their groups, between commas; those named as a role give it."""
    cert_file: File | None = None
    """The certificate with its chain, PEM; with it TLS alone is spoken. It, its key and client_ca_file are read again
    when they change, for the connections that begin then."""
    key_file: File | None = None
    """The private key of that certificate, PEM, without a password."""
    client_ca_file: File | None = None
    """Authorities, PEM. Nobody connects without a certificate that one of them has signed (mTLS); whoever has one is a
    viewer, where neither tokens_file nor proxies is set."""
    body_bytes: BodyBytes = 65_536
    """The most that a request's body may have."""

    @model_validator(mode="after")
    def speaks_tls_whole(self) -> Self:
        """A part alone would be passed over in silence."""
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file belong together: set both or none")
        if self.client_ca_file is not None and self.cert_file is None:
            raise ValueError("client_ca_file needs cert_file and key_file: clients show certificates by TLS alone")
        return self
