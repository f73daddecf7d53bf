"""The settings that deploy/ needs: ports, addresses, folders. The services read the rest."""

import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

import environ

from .errors import DeployError

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Config:
    """One installation: the folders of its files, and its addresses and ports."""

    env_file: Path
    var: Path
    web_port: int
    api_port: int
    web_instances: tuple[int, ...]
    api_instances: tuple[int, ...]
    listen: tuple[str, ...]
    trusted_proxies: tuple[str, ...]
    https: bool
    microcache_seconds: int
    api_threads: int
    population: bool

    @property
    def run(self) -> Path:
        """Rendered configuration, process ids, completed steps."""
        return self.var / "run"

    @property
    def log(self) -> Path:
        return self.var / "log"

    @property
    def site_url(self) -> str:
        return f"http://{self._host}:{self.web_port}/"

    @property
    def api_url(self) -> str:
        return f"http://{self._host}:{self.api_port}/"

    @property
    def is_open(self) -> bool:
        """Whether other machines can reach it: directly, or through a proxy that terminates TLS."""
        addresses = [ipaddress.ip_address(address) for address in self.listen]
        return self.https or not all(address.is_loopback for address in addresses)

    @property
    def _host(self) -> str:
        """A host name that a browser on this machine can open."""
        addresses = [ipaddress.ip_address(address) for address in self.listen]
        if any(address.is_loopback or address.is_unspecified for address in addresses):
            return "localhost"
        return f"[{addresses[0]}]" if addresses[0].version == 6 else str(addresses[0])

    def instance_urls(self) -> dict[str, str]:
        """Return the address of each instance by its name, as the setting INSTANCES has them."""
        services = {"api": self.api_instances, "web": self.web_instances}
        return {
            f"{service}.{number}": f"http://127.0.0.1:{port}"
            for service, ports in services.items()
            for number, port in enumerate(ports, 1)
        }

    def instance_port(self, name: str) -> int:
        """Return the port of the instance `name` ("web.1" … "api.3").

        Raise DeployError for any other name.
        """
        service, _, number = name.partition(".")
        ports = {"web": self.web_instances, "api": self.api_instances}.get(service, ())
        if not number.isdigit() or not 1 <= int(number) <= len(ports):
            raise DeployError(
                f"INSTANCE_NAME={name!r} is not an instance. Use web.1, api.1 or the like."
            )
        return ports[int(number) - 1]


def read() -> Config:
    """Return the configuration from the environment and, below it, ENV_FILE (default `.env`).

    Put the file's values into os.environ, for this process and its children. Raise DeployError if
    a value is invalid.
    """
    env_file = Path(os.environ.get("ENV_FILE") or ROOT / ".env").absolute()
    if env_file.exists():
        try:
            environ.Env.read_env(env_file)
        except (OSError, UnicodeDecodeError) as error:
            raise DeployError(f"{env_file} cannot be read: {error}.") from None
    web_port = _port("WEB_PORT", "8000")
    api_port = _port("API_PORT", "8080")
    config = Config(
        env_file=env_file,
        var=Path(os.environ.get("VAR_DIR") or ROOT / "var").absolute(),
        web_port=web_port,
        api_port=api_port,
        web_instances=_ports("WEB_INSTANCE_PORTS", web_port),
        api_instances=_ports("API_INSTANCE_PORTS", api_port),
        listen=_addresses("LISTEN", "127.0.0.1,::1"),
        trusted_proxies=_networks("TRUSTED_PROXIES", "127.0.0.0/8,::1/128"),
        https=_flag("HTTPS", "False"),
        microcache_seconds=_count(
            "MICROCACHE_SECONDS", "1", 0, 60, "whole seconds from 1 to 60, or 0 for no cache"
        ),
        api_threads=_count("API_THREADS", "3", 1, 64, "a number of threads from 1 to 64"),
        population=_flag("POPULATION", "True"),
    )
    _check_distinct(config)
    return config


def _list(variable: str, default: str) -> list[str]:
    text = os.environ.get(variable) or default
    return [item.strip() for item in text.split(",") if item.strip()]


def _parse_port(variable: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise DeployError(f"{variable}={text!r} is no port. Use a number from 1 to 65535.")
    return int(text)


def _port(variable: str, default: str) -> int:
    return _parse_port(variable, (os.environ.get(variable) or default).strip())


def _ports(variable: str, base: int) -> tuple[int, ...]:
    """Return the ports in `variable`; by default the three after `base`."""
    default = ",".join(str(base + number) for number in (1, 2, 3))
    return tuple(_parse_port(variable, text) for text in _list(variable, default))


def _addresses(variable: str, default: str) -> tuple[str, ...]:
    addresses = _list(variable, default)
    for address in addresses:
        try:
            ipaddress.ip_address(address)
        except ValueError:
            raise DeployError(
                f"{variable}: {address!r} is no IP address. Use 127.0.0.1,::1 for this machine "
                "only, or 0.0.0.0,:: for everybody."
            ) from None
    return tuple(addresses)


def _networks(variable: str, default: str) -> tuple[str, ...]:
    networks = _list(variable, default)
    try:
        return tuple(str(ipaddress.ip_network(network, strict=False)) for network in networks)
    except ValueError as error:
        raise DeployError(f"{variable}: {error}.") from None


def _count(variable: str, default: str, least: int, most: int, advice: str) -> int:
    text = os.environ.get(variable) or default
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise DeployError(f"{variable}={text!r}: use {advice}.")
    return int(text)


def _flag(variable: str, default: str) -> bool:
    text = os.environ.get(variable) or default
    if text.lower() not in ("true", "false", "1", "0", "yes", "no", "on", "off"):
        raise DeployError(f"{variable}={text!r}: use 'True' or 'False'.")
    return text.lower() in ("true", "1", "yes", "on")


def _check_distinct(config: Config) -> None:
    ports = (config.web_port, config.api_port, *config.web_instances, *config.api_instances)
    for port in ports:
        if ports.count(port) > 1:
            raise DeployError(
                f"Port {port} is wanted twice. WEB_PORT and API_PORT each need the three ports "
                "after them for their instances: keep them four apart."
            )
