/* Packed bytes -> memory, by zlib. */
#include "Runtime.h"
#include <string.h>
#include <zlib.h>

enum { MOST = 1032 }; /* no byte of deflate's stands for more than this */

char *rtInflate(InFile *file, int64_t offset, int64_t packed, int64_t claimed, int bits, int64_t *length) {
  if (claimed > 0 && claimed / MOST > packed)
    rtMalformed(file, offset, "expected at most %lld bytes from %lld packed ones, found a size of %lld", (long long)packed * MOST,
                (long long)packed, (long long)claimed);
  int64_t capacity = claimed >= 0 ? claimed + 1 : packed * 4 + 64; /* one more, to see that there is no more */
  char *to = tl_alloc(capacity);
  unsigned char from[1 << 14];
  z_stream stream = {0};
  if (inflateInit2(&stream, bits) != Z_OK)
    rtOutOfMemory(capacity);
  int64_t at = offset, made = 0;
  int state = Z_OK;
  while (state != Z_STREAM_END) {
    if (!stream.avail_in) {
      int64_t left = offset + packed - at, part = left < (int64_t)sizeof from ? left : (int64_t)sizeof from;
      if (!part)
        break;
      rtGet(file, at, from, part);
      at += part;
      stream.next_in = from;
      stream.avail_in = (unsigned)part;
    }
    if (made == capacity) {
      if (claimed >= 0)
        break;
      char *larger = tl_alloc(capacity * 2);
      memcpy(larger, to, (size_t)made);
      tl_free(to);
      to = larger;
      capacity *= 2;
    }
    int64_t room = capacity - made < 1 << 30 ? capacity - made : 1 << 30;
    stream.next_out = (unsigned char *)to + made;
    stream.avail_out = (unsigned)room;
    state = inflate(&stream, Z_NO_FLUSH);
    made += room - stream.avail_out;
    if (state != Z_OK && state != Z_STREAM_END)
      break;
  }
  int64_t where = at - stream.avail_in;
  inflateEnd(&stream); /* what fails below does not come back */
  if (state != Z_STREAM_END && state != Z_OK && state != Z_BUF_ERROR)
    rtMalformed(file, where, "expected packed data, found what cannot be unpacked");
  if (claimed >= 0 ? made != claimed : state != Z_STREAM_END)
    rtMalformed(file, where, claimed < 0 ? "expected more packed data, found the end" : "expected %lld unpacked bytes, found %s",
                (long long)claimed, made < claimed ? "fewer" : "more");
  *length = made;
  return to;
}
