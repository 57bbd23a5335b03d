"""A Sync Gateway source: the nightly CSV export of a personnel system."""
from hr_csv import serve, source

serve.run(source.methods())
