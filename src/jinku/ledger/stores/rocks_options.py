"""How RocksDB is set up for a ledger: what each column family holds and what memory and disk it may use.

The figures behind each choice are in ADR 0040.
"""

from typing import Final

from rocksdict import (
    BlockBasedOptions,
    Cache,
    DBCompressionType,
    DBRecoveryMode,
    Options,
    WriteOptions,
)

MIB: Final = 1 << 20
BLOCK_CACHE_BYTES: Final = 128 * MIB
WRITE_BUFFER_BYTES: Final = 32 * MIB
WRITE_BUFFERS_MAX: Final = 3
WAL_BYTES_MAX: Final = 192 * MIB
OPEN_FILES_MAX: Final = 512
BACKGROUND_JOBS_MAX: Final = 2
LOG_FILE_BYTES_MAX: Final = 4 * MIB
LOG_FILES_MAX: Final = 4
BLOOM_BITS_PER_KEY: Final = 10
PAGE_BYTES_MIN: Final = 256

META: Final = "default"
JOURNAL: Final = "journal"
IDS: Final = "ids"
INDEX: Final = "index"
PENDING: Final = "pending"
OPEN: Final = "open"
BLOCKS: Final = "blocks"
FAMILIES: Final = (JOURNAL, IDS, INDEX, PENDING, OPEN, BLOCKS)


def database_options(recovery: DBRecoveryMode) -> Options:
    """Options of the whole database, and of the small column family `META`."""
    options = _family_options(Cache(1 * MIB), write_buffer=1 * MIB)
    options.create_if_missing(True)
    options.create_missing_column_families(True)
    options.set_paranoid_checks(True)
    options.set_wal_recovery_mode(recovery)
    options.set_max_total_wal_size(WAL_BYTES_MAX)
    options.set_max_open_files(OPEN_FILES_MAX)
    options.set_max_background_jobs(BACKGROUND_JOBS_MAX)
    options.set_allow_concurrent_memtable_write(False)
    options.set_max_log_file_size(LOG_FILE_BYTES_MAX)
    options.set_keep_log_file_num(LOG_FILES_MAX)
    options.set_bytes_per_sync(1 * MIB)
    options.set_stats_dump_period_sec(0)
    options.set_stats_persist_period_sec(0)
    return options


def family_options() -> dict[str, Options]:
    """Options of each column family; they share one block cache."""
    cache = Cache(BLOCK_CACHE_BYTES)
    journal = _family_options(cache, write_buffer=WRITE_BUFFER_BYTES)
    journal.set_enable_blob_files(True)
    journal.set_min_blob_size(PAGE_BYTES_MIN)
    journal.set_blob_compression_type(DBCompressionType.lz4())
    return {
        JOURNAL: journal,
        IDS: _family_options(cache, write_buffer=WRITE_BUFFER_BYTES, bloom=True),
        INDEX: _family_options(cache, write_buffer=WRITE_BUFFER_BYTES),
        PENDING: _family_options(cache, write_buffer=WRITE_BUFFER_BYTES, bloom=True),
        OPEN: _family_options(cache, write_buffer=WRITE_BUFFER_BYTES),
        BLOCKS: _family_options(cache, write_buffer=WRITE_BUFFER_BYTES),
    }


def unsynced() -> WriteOptions:
    """A write that returns once the operating system has it; the store then syncs the write-ahead log itself,
    because that call lets other Python threads run and the write does not."""
    options = WriteOptions()
    options.sync = False
    return options


def _family_options(cache: Cache, *, write_buffer: int, bloom: bool = False) -> Options:
    options = Options(raw_mode=True)
    options.set_compression_type(DBCompressionType.lz4())
    options.set_write_buffer_size(write_buffer)
    options.set_max_write_buffer_number(WRITE_BUFFERS_MAX)
    options.set_level_compaction_dynamic_level_bytes(True)
    table = BlockBasedOptions()
    table.set_block_cache(cache)
    table.set_cache_index_and_filter_blocks(True)
    table.set_pin_l0_filter_and_index_blocks_in_cache(True)
    if bloom:
        table.set_bloom_filter(BLOOM_BITS_PER_KEY, False)
    options.set_block_based_table_factory(table)
    return options
