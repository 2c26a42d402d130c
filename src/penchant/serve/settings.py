"""How the service is set up: keys with roles, limits, who may call."""

import hmac
import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Literal, TypeAlias

from penchant.errors import SettingError
from penchant.live.keeper import Reader

Role: TypeAlias = Literal["browser", "read", "write", "admin"]
RANKS: Mapping[Role, int] = {"browser": 0, "read": 1, "write": 2, "admin": 3}
"""browser: lists and events of hashed ids, nothing else; read: lists; write: events, items, users; admin."""
SHORTEST = 16


@dataclass(frozen=True, slots=True)
class Key:
    """A key by its name; only the hash of the secret is kept. `per_minute` limits its requests."""

    name: str
    role: Role
    digest: bytes
    per_minute: int = 0


@dataclass(frozen=True, slots=True)
class Settings:
    """`keys` may be empty on a loopback address alone. `salt` is what hashed ids are made with.

    `largest` is the longest body in bytes, `slowest` the seconds that a request may take, `origins` the pages
    of other addresses that may call (CORS), `per_minute` the requests of one key or address. `trace` is
    where spans are sent, `proxies` are the addresses that are believed about whom they speak for. The bundle
    is refreshed every `refresh_hours` and after so many events (0: never by itself), from `journal`; `reader`
    finds what reads the texts of a bundle in another language model's space.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    keys: tuple[Key, ...] = ()
    salt: bytes = b""
    largest: int = 32 * 2**20
    slowest: float = 30.0
    per_minute: int = 0
    origins: tuple[str, ...] = ()
    page: bool = True
    texts: bool = True
    trace: str = ""
    proxies: tuple[str, ...] = ()
    refresh_hours: float = 0.0
    refresh_events: int = 0
    journal: str = ""
    reader: Reader = None

    def checked(self) -> "Settings":
        """Return them; raises SettingError for an address beyond this machine without a key."""
        if not self.keys and not loopback(self.host):
            raise SettingError(
                f"--host {self.host}: other machines could call without a key",
                hint="give --keys FILE, or leave the address at 127.0.0.1",
            )
        return self

    def known(self, secret: str) -> Key | None:
        """Return whose secret this is; takes as long for a wrong one as for a right one."""
        digest, found = sha256(secret.encode("utf-8", "replace")).digest(), None
        for key in self.keys:
            if hmac.compare_digest(key.digest, digest):
                found = key
        return found

    def hashed(self, user: str) -> str:
        """Return the id of a user as a browser may know it: HMAC-SHA256 of it with the salt, in hex."""
        return hmac.new(self.salt, user.encode(), sha256).hexdigest()


@lru_cache(1_000)
def loopback(host: str) -> bool:
    """Tell whether an address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(slots=True)
class KeyFile:
    """What a file of keys says: `{"salt": "…", "keys": [{"name": "shop", "key": "…", "role": "write"}]}`."""

    keys: tuple[Key, ...] = ()
    salt: bytes = b""
    problems: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> "KeyFile":
        """Read a file of keys; raises SettingError with what is wrong, never with a secret."""
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            keys = tuple(cls._key(place, one) for place, one in enumerate(told["keys"]))
            salt = str(told.get("salt", "")).encode()
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            kind = type(error).__name__ if not isinstance(error, OSError) else error.strerror
            raise SettingError(
                f"--keys {path}: cannot be read ({kind})",
                hint='{"keys": [{"name": "shop", "key": "16 letters or more", "role": "write"}]}',
            ) from None
        if not keys:
            raise SettingError(f"--keys {path}: holds no key")
        if any(key.role == "browser" for key in keys) and len(salt) < SHORTEST:
            raise SettingError(f"--keys {path}: a browser key needs a salt of {SHORTEST} letters or more")
        return cls(keys, salt)

    @staticmethod
    def _key(place: int, one: Mapping[str, object]) -> Key:
        secret, name = str(one["key"]), str(one.get("name", f"key {place + 1}"))
        role = next((known for known in RANKS if known == one["role"]), None)
        if len(secret) < SHORTEST:
            raise SettingError(f"--keys: the key '{name}' is shorter than {SHORTEST} letters")
        if role is None:
            raise SettingError(f"--keys: '{name}' has no known role", hint=f"one of {', '.join(RANKS)}")
        limit = one.get("per_minute", 0)
        if not isinstance(limit, int) or limit < 0:
            raise SettingError(f"--keys: '{name}': per_minute is no number of requests")
        return Key(name, role, sha256(secret.encode()).digest(), limit)
