"""Compiles LOCKWARDEN-MIB by pysmi's mibdump, loads it into pysnmp, and prints where names lie.

mib.py BASE DIRECTORY NAME...: BASE holds the modules that it imports, DIRECTORY its text; one line "NAME OID" for each name. What
mibdump prints goes to standard error; it fails if the module is not compiled.
"""

import pathlib
import subprocess
import sys

from pysnmp.smi.builder import DirMibSource, MibBuilder


def main() -> None:
    base, directory, *names = sys.argv[1:]
    compiled = pathlib.Path(directory, "compiled")
    subprocess.run(
        [
            pathlib.Path(sys.executable).with_name("mibdump"),
            f"--mib-source={pathlib.Path(base).as_uri()}",
            f"--mib-source={pathlib.Path(directory).as_uri()}",
            # Without this it would ask a server for what it cannot compile.
            f"--mib-borrower={pathlib.Path(directory, 'nothing').as_uri()}",
            f"--destination-directory={compiled}",
            "--destination-format=pysnmp",
            "--generate-mib-texts",
            "LOCKWARDEN-MIB",
        ],
        check=True,
        stdout=sys.stderr,
    )
    if not (compiled / "LOCKWARDEN-MIB.py").is_file():
        sys.exit("mibdump has not compiled LOCKWARDEN-MIB")
    mibs = MibBuilder()
    mibs.load_texts = True
    mibs.add_mib_sources(DirMibSource(str(compiled)))
    mibs.load_modules("LOCKWARDEN-MIB")
    for name in names:
        (node,) = mibs.import_symbols("LOCKWARDEN-MIB", name)
        print(name, ".".join(map(str, node.name)))


if __name__ == "__main__":
    main()
