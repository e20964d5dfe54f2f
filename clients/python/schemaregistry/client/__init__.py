"""The clients through which a program asks the registry; `schemaregistry.data` checks data by what they fetch."""

from schemaregistry.client.aio import AsyncClient
from schemaregistry.client.answers import Event, Fetched, FetchedContract, Registered, StateSet
from schemaregistry.client.call_errors import VersionRefused
from schemaregistry.client.channel import Keepalive
from schemaregistry.client.credentials import Credentials
from schemaregistry.client.follow import AsyncCache, Cache
from schemaregistry.client.sync import Client
from schemaregistry.client.watch import AsyncWatch, Watch
from schemaregistry.document.origin import Origin
from schemaregistry.document.version_state import VersionState

__all__ = [
    "AsyncCache",
    "AsyncClient",
    "AsyncWatch",
    "Cache",
    "Client",
    "Credentials",
    "Event",
    "Fetched",
    "FetchedContract",
    "Keepalive",
    "Origin",
    "Registered",
    "StateSet",
    "VersionRefused",
    "VersionState",
    "Watch",
]
