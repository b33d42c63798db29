/* seal.h -- the 512 bytes before a checkpoint's HDF5 part (an HDF5 user block), by which damage is found before HDF5
 * opens it.
 *
 *   bytes   0..7    "DUNLINCK"
 *           8..11   format number, 32 bits, little endian
 *          12..15   size of this block, 512
 *          16..23   length of all that follows the block, 64 bits, little endian
 *          24..55   SHA-256 of all that follows the block
 *          56..63   zero
 *          64..511  the same as text for people (`head -c 512 FILE`), padded with zeros
 *
 * Every byte of the block follows from format, length and SHA-256, so a changed byte anywhere in the
 * file is found. */
#ifndef DUNLIN_STORE_SEAL_H
#define DUNLIN_STORE_SEAL_H

#include <stddef.h>
#include <stdint.h>

enum { SEAL_BYTES = 512, SEAL_FORMAT = 1, SHA256_BYTES = 32 };

/* Fills the block for `bytes` bytes at data. 0, or -1 after error_set() where libcrypto fails. Local. */
int seal_make(unsigned char block[SEAL_BYTES], const void *data, size_t bytes);

/* All of a file, the block included: opened and read once, by read() alone, and verified. Its *size bytes, malloc'd,
 * the caller's; NULL after error_set(), which names file and fault. Local. */
unsigned char *seal_read(const char *path, size_t *size);

/* SHA-256 of a file as 64 hexadecimal digits and a zero. 0, or -1 after error_set(). Local. */
int seal_file_digest(const char *path, char hex[2 * SHA256_BYTES + 1]);

/* Writes bytes to dir/name: beside it (NAME.new), flushed to disk, renamed over it, the folder flushed. The parts are
 * written one after another. 0, or -1 after error_set(), which names dir/name; what stood there before then still
 * stands. Local. */
struct file_part {
    const void *data;
    size_t bytes;
};
/* A file of a folder where others may write, opened to read (without waiting for the far end of a pipe) or made anew in
 * the place of what has its name, to read and write: no link is followed. The descriptor, the caller's, or -1 after
 * error_set(). Local. */
int file_open(const char *path);
int file_create(const char *path);
/* The names in the folder are on the disk, too, where its file system can do that. Local. */
void file_sync_folder(const char *dir);
int file_replace(const char *dir, const char *name, const struct file_part *parts, int part_count, int to_disk);

#endif
