"""Measure the generator: against a plain Faker loop, and on the whole nation. A script, not a test.

python tests/benchmarks/generator.py            # the force-year, about half a minute
python tests/benchmarks/generator.py --nation   # 43 forces, five years, as well
"""

import sys
import tempfile
import time
from pathlib import Path

from faker import Faker
from measuring import command

from synthetic import generate


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        against_faker(Path(folder))
        if "--nation" in sys.argv[1:]:
            _nation(Path(folder))


def against_faker(folder: Path) -> float:
    """A force-year, names to Parquet, truth and ledger included, beside a loop that makes the same fields of a person.

    Both in seconds of the processor, all threads included, so that what else the machine does counts little. Returns how many times as many person records a second as the loop makes persons.
    """
    generate(folder / "warm", forces=["durnley"], years=1, scale=0.1)
    faker, count = Faker("en_GB"), 10_000
    rates = {}
    begin = time.process_time()
    for _ in range(count):
        faker.first_name(), faker.last_name(), faker.date_of_birth(), faker.street_address(), faker.postcode()
        faker.phone_number()
    plain = count / (time.process_time() - begin)
    begin = time.process_time()
    dataset = generate(folder / "force-year", forces=["ravensholt"], years=1)
    seconds = time.process_time() - begin
    tables = dataset.manifest.tables
    rates["person records"] = tables["persons"].rows / seconds
    rates["true people"] = tables["truth/people"].rows / seconds
    print(f"force-year: {tables['crimes'].rows:,} crimes, {tables['persons'].rows:,} person records in {seconds:.2f} CPU s")
    print(f"plain Faker loop: {plain:,.0f} persons a second")
    for name, rate in rates.items():
        print(f"{name}: {rate:,.0f} a second, {rate / plain:.1f} x the loop")
    return rates["person records"] / plain


def _nation(folder: Path) -> None:
    done = command(["-m", "synthetic", "generate", str(folder / "nation"), "--years", "5", "--workers", "2"])
    print(f"nation: {done.seconds:.1f} s, {done.gib:.2f} GiB in all processes at the peak")


if __name__ == "__main__":
    main()
