"""Run pods of an overlay as processes on loopback: with their own arguments, files and kinds of certificates."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from scripts.manifests.manifest_references import volume_sources
from scripts.manifests.rendering import Manifest, PodTemplate, of_kind, pod_templates
from tests.system.gateways.conftest import free_port

ROOT = Path(__file__).resolve().parents[3]
PROGRAMS = {
    "etcd": ROOT / "build/etcd/bin/etcd",
    "etcdctl": ROOT / "build/etcd/bin/etcdctl",
    "schemaregistry": ROOT / ".venv/bin/schemaregistry",
}
USAGES = {"server auth": ExtendedKeyUsageOID.SERVER_AUTH, "client auth": ExtendedKeyUsageOID.CLIENT_AUTH}
MEMBERS = range(3)

Files = Mapping[str, bytes]


def pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def certificates(manifests: list[Manifest]) -> Iterator[tuple[str, Files]]:
    """The Secrets that cert-manager would fill, each name's files; `localhost` is among the names of servers."""
    asked = of_kind(manifests, "Certificate")
    keys = {each.name: ec.generate_private_key(ec.SECP256R1()) for each in asked}
    authorities = {each.name: signed(each, keys, each.name) for each in asked if each.spec.get("isCA")}
    for each in asked:
        if each.name not in authorities:
            issuer = each.spec["issuerRef"]["name"]
            yield (
                each.spec["secretName"],
                {
                    "tls.crt": signed(each, keys, issuer),
                    "tls.key": pem(keys[each.name]),
                    "ca.crt": authorities[issuer],
                },
            )


def signed(asked: Manifest, keys: Mapping[str, ec.EllipticCurvePrivateKey], issuer: str) -> bytes:
    def named(common_name: str | None) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if common_name else [])

    spec, now, public = asked.spec, datetime.now(UTC), keys[asked.name].public_key()
    names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(uri) for uri in spec.get("uris", ())]
    if "dnsNames" in spec:
        names += [x509.DNSName(name) for name in (*spec["dnsNames"], "localhost")]
    builder = (
        x509.CertificateBuilder(named(issuer), named(spec.get("commonName")), public, x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=72))
        .add_extension(x509.BasicConstraints(bool(spec.get("isCA")), None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical="commonName" not in spec)
    if usages := [USAGES[usage] for usage in spec["usages"] if usage in USAGES]:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    return builder.sign(keys[issuer], hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@dataclass(frozen=True)
class PodsHere:
    """An overlay's pods, each with its files in a folder of its own below `folder`.

    Each port that a pod listens on is a free one here: of each member of etcd, and of one pod of everything else.
    """

    manifests: list[Manifest]
    folder: Path
    stores: Mapping[tuple[str, str], Files]
    ports: dict[tuple[str, int], int] = field(default_factory=dict)

    def port(self, pod: str, number: int) -> int:
        """The port here for a port of a pod."""
        return self.ports.setdefault((pod, number), free_port())

    def command(self, workload: str, ordinal: int = 0) -> list[str]:
        """The command line of a pod of a workload, KIND/NAME, whose files are written first."""
        [pod] = [each for each in pod_templates(self.manifests) if str(each) == workload]
        name = f"{pod.workload.name}-{ordinal}"
        self._mount(pod, name)
        [container] = pod.containers
        arguments = [self._here(each, pod, name) for each in container["args"]]
        return [str(PROGRAMS[container["command"][0]]), *arguments]

    def _mount(self, pod: PodTemplate, name: str) -> None:
        volumes = {volume["name"]: volume for volume in pod.spec["volumes"]}
        for mount in pod.containers[0]["volumeMounts"]:
            place = self.folder / name / mount["mountPath"].lstrip("/")
            place.mkdir(parents=True, exist_ok=True)
            volume = volumes.get(mount["name"], {})
            items = (volume.get("configMap") or volume.get("secret") or {}).get("items", ())
            paths = {item["key"]: item["path"] for item in items}
            for kind, source, keys in volume_sources(volume):
                files = self.stores[kind, source]
                for key in keys or files:
                    file = place / paths.get(key, key)
                    file.write_bytes(self._here(files[key].decode(), pod, name).encode())
                    file.chmod(0o640)

    def _here(self, text: str, pod: PodTemplate, name: str) -> str:
        """A text with the paths and addresses of this machine."""
        text = text.replace("$(POD_NAME)", name)
        for member in MEMBERS:
            for number in (2379, 2380):
                text = text.replace(f"etcd-{member}.etcd:{number}", f"localhost:{self.port(f'etcd-{member}', number)}")
        for number in pod.ports.values():
            text = text.replace(f"0.0.0.0:{number}", f"127.0.0.1:{self.port(name, number)}")
        for folder in ("/etc/", "/var/"):
            text = text.replace(folder, f"{self.folder / name}{folder}")
        return text


def pods_here(manifests: list[Manifest], folder: Path) -> PodsHere:
    """The pods of `manifests`, with certificates and an exchanger's key as whoever applies them makes them."""
    key = ec.generate_private_key(ec.SECP256R1())
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    public = key.public_key().public_bytes(serialization.Encoding.PEM, form)
    stores: dict[tuple[str, str], Files] = {("Secret", name): files for name, files in certificates(manifests)}
    for each in of_kind(manifests, "ConfigMap"):
        stores["ConfigMap", each.name] = {key: text.encode() for key, text in each.content.get("data", {}).items()}
    stores["Secret", "exchanger-signing-key"] = {"signing.pem": pem(key)}
    stores["ConfigMap", "exchanger-public-keys"] = {"etcd.pub": public, "registry.pub": public}
    stores["ConfigMap", "kube-root-ca.crt"] = {"ca.crt": stores["Secret", "registry-tls"]["ca.crt"]}
    return PodsHere(manifests, folder, stores)
