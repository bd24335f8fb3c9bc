"""The metadata of sioclient, where old tools look for it too."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).resolve().parent
VERSION = re.search(r'__version__ = "(.+)"', (HERE / "sioclient" / "__init__.py").read_text(encoding="utf-8")).group(1)

REPOSITORY = "https://github.com/sioclient/sioclient"

AIO = ["anyio>=4.10"]
LOCUST = ["locust>=2.38.1"]
METRICS = ["prometheus-client>=0.20"]
REDIS = ["redis>=6.2"]
MSGPACK = ["msgpack>=1.0.3"]
SERVER = ["tornado>=6.6; python_version >= '3.11'", "tornado>=6.5.3; python_version < '3.11'"]
TEST = [
    *AIO,
    *LOCUST,
    *METRICS,
    *MSGPACK,
    *REDIS,
    *SERVER,
    "celery>=5.4",
    "coverage[toml]>=7.6",
    "django>=4.2",
    "eventlet>=0.40",
    "flask>=3",
    "gevent>=24.11",
    # gevent 25, which the oldest locust needs, writes a traceback at the end of every program with a newer one.
    "greenlet<3.5; python_version < '3.11'",
    "hypercorn>=0.17",
    "hypothesis>=6.100",
    "pexpect>=4.9; sys_platform != 'win32'",
    "PySocks>=1.7.1",
    "python-socks[asyncio]>=2.4",
    "pproxy>=2.7.9",
    "proxy.py>=2.4.10",
    "pyte>=0.8",
    "pytest>=8.3,<9.2",  # pytest-xdist 3.8 writes the group of a test into Item._nodeid, which pytest 9.2 does not read
    "pytest-cov>=6",
    "pytest-timeout>=2.3",
    "pytest-xdist>=3.6",
    "python-socketio>=5.11",
    "selenium>=4.20",
    "trio>=0.27",
    "socketIO-client==0.5.7.4",
    "trustme>=1.1",
    "starlette>=0.40",
    "uvicorn>=0.30",
    "uvloop>=0.21; sys_platform != 'win32'",
    "websockets>=13",
]
MUTATE = ["mutmut>=3.8; sys_platform != 'win32'"]  # it forks for every change
PACKAGE = [
    "build>=1.2",
    "check-jsonschema>=0.33",
    "check-manifest>=0.50",
    "pyroma>=5.0",
    "setuptools>=77",
    "twine>=6.1",
]
TYPES = ["simplejson>=3.19", "types-simplejson>=3.19", "typing_extensions>=4.4"]

setup(
    name="sioclient",
    version=VERSION,
    description="A Socket.IO client for Python programs and every generation of servers: socket.io 0.7 to 4.x",
    long_description=(HERE / "README.rst").read_text(encoding="utf-8"),
    long_description_content_type="text/x-rst",
    author="sioclient developers",
    author_email="developers@sioclient.invalid",
    url=REPOSITORY,
    project_urls={
        "Documentation": f"{REPOSITORY}/blob/main/docs/index.md",
        "Changes": f"{REPOSITORY}/blob/main/CHANGES.rst",
        "Issues": f"{REPOSITORY}/issues",
        "Security": f"{REPOSITORY}/security/policy",
    },
    keywords=["socket.io", "socketio", "engine.io", "websocket", "client", "legacy", "realtime", "chat", "bot"],
    license="MIT",
    license_files=["LICENSE"],
    platforms=["any"],
    packages=find_packages(include=["sioclient", "sioclient.*"]),
    package_data={"sioclient": ["py.typed"], "sioclient.server": ["page/*"]},
    entry_points={
        "console_scripts": ["sioclient = sioclient.cli.main:main"],
        "pytest11": ["sioclient = sioclient.pytest_plugin"],
    },
    zip_safe=False,
    python_requires=">=3.10",
    install_requires=["requests>=2.32.4", "websocket-client>=1.8"],
    extras_require={
        "aio": AIO,
        "locust": LOCUST,
        "metrics": [*SERVER, *METRICS],
        "msgpack": MSGPACK,
        "redis": [*SERVER, *REDIS],
        "server": SERVER,
        "socks": ["PySocks>=1.7.1", "python-socks[asyncio]>=2.4"],  # the one for threads, the other for tasks
        "speed": ["orjson>=3.9"],
        "test": TEST,
        "dev": [
            *TEST,
            *MUTATE,
            *TYPES,
            "bandit>=1.8",
            "codespell[toml]>=2.4",
            "matplotlib>=3.8",
            "mypy>=1.11",
            "numpy>=1.26",
            "orjson>=3.9",
            "pyinstaller>=6.10",
            "ruff>=0.6",
        ],
        "docs": [*AIO, *MSGPACK, *SERVER, "furo>=2024.8", "myst-parser>=4", "pytest>=8.3", "sphinx>=8.1"],
        "package": [*SERVER, *PACKAGE],
        "fuzz": ["atheris>=3.0"],
    },
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Console",
        "Environment :: No Input/Output (Daemon)",
        "Intended Audience :: Developers",
        "License :: OSI Approved :: MIT License",
        "Operating System :: OS Independent",
        "Programming Language :: Python",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Programming Language :: Python :: 3.14",
        "Programming Language :: Python :: Implementation :: CPython",
        "Topic :: Communications :: Chat",
        "Topic :: Internet",
        "Topic :: Internet :: WWW/HTTP",
        "Topic :: Software Development :: Libraries :: Python Modules",
        "Topic :: Software Development :: Testing",
        "Typing :: Typed",
    ],
)
