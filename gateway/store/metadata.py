"""What every table belongs to; each subject declares its own beside the code that reads them."""

from typing import Final

import sqlalchemy as sa

METADATA: Final = sa.MetaData()
