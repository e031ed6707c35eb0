/* PNG pictures, by libpng: [height, width] of grey or [height, width, channels], channels 1 to 4 (grey, with alpha, RGB, RGBA). Samples are
 * the file's, 0..255 or 0..65535, in the number type that the program asks for; palettes become RGB, fewer bits than 8 become 8. */
#include "Runtime.h"
#include <png.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 1032 }; /* no byte of deflate's stands for more than this */

/* What a picture is read with, so that its end can be reached from wherever libpng fails. */
typedef struct {
  InFile *file;
  int64_t at;
  char message[120];
} Source;

static void readBytes(png_structp png, png_bytep to, png_size_t length) {
  Source *source = png_get_io_ptr(png);
  if ((int64_t)length > source->file->size - source->at)
    png_error(png, "found the end of the file");
  rtGet(source->file, source->at, to, (int64_t)length);
  source->at += (int64_t)length;
}

static void failed(png_structp png, png_const_charp message) {
  Source *source = png_get_error_ptr(png);
  snprintf(source->message, sizeof source->message, "%s", message);
  png_longjmp(png, 1);
}

static void ignored(png_structp png, png_const_charp message) {}

/* Samples of one or two bytes (the higher first) as numbers of a kind. */
static void convert(const unsigned char *from, int depth, void *to, int32_t kind, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    const uint64_t n = depth == 8 ? from[i] : (uint64_t)from[2 * i] << 8 | from[2 * i + 1];
    switch (kind) {
    case TL_F16:
      ((_Float16 *)to)[i] = (_Float16)(double)n;
      break;
    case TL_BF16:
      ((__bf16 *)to)[i] = (__bf16)(double)n;
      break;
    case TL_F32:
      ((float *)to)[i] = (float)n;
      break;
    case TL_F64:
      ((double *)to)[i] = (double)n;
      break;
    default:
      memcpy((char *)to + i * (int64_t)rtWidth(kind), &n, rtWidth(kind));
    }
  }
}

/* Whether a number type holds each sample of 8 or 16 bits. */
static bool holds(int32_t kind, int depth) {
  switch (kind) {
  case TL_BOOL:
  case TL_I8:
    return false;
  case TL_U8:
  case TL_I16:
  case TL_F16:
  case TL_BF16:
    return depth == 8;
  default:
    return true;
  }
}

static void load(InFile *file, TlArray *out) {
  Source source = {.file = file};
  unsigned char magic[8];
  if (file->size < (int64_t)sizeof magic)
    rtMalformed(file, 0, "expected a .png file of at least 8 bytes, found %lld", (long long)file->size);
  rtGet(file, 0, magic, sizeof magic);
  if (png_sig_cmp(magic, 0, sizeof magic))
    rtMalformed(file, 0, "expected the magic of a .png file, found other bytes");
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &source, failed, ignored);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  if (!info)
    rtOutOfMemory(0);
  char *volatile samples = NULL;
  png_bytep *volatile rows = NULL;
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_read_struct(&png, &info, NULL);
    rtMalformed(file, source.at, "expected a picture, found an error: %s", source.message);
  }
  png_set_read_fn(png, &source, readBytes);
  png_read_info(png, info);
  const int64_t height = png_get_image_height(png, info);
  if (height * ((int64_t)png_get_rowbytes(png, info) + 1) / MOST > file->size)
    png_error(png, "the file is too small for its width and height");
  png_set_expand(png); /* palettes, fewer bits than 8, transparent colours */
  png_set_interlace_handling(png);
  png_read_update_info(png, info);
  const int depth = png_get_bit_depth(png, info);
  const int64_t row = (int64_t)png_get_rowbytes(png, info);
  const int64_t sizes[3] = {height, png_get_image_width(png, info), png_get_channels(png, info)};
  const int32_t kind = !file->found && holds(file->kind, depth) ? file->kind : depth == 8 ? TL_U8 : TL_U16;
  rtRequireType(file, kind, sizes[2] == 1 && file->rank != 3 ? 2 : 3, sizes);
  samples = tl_alloc(height * row);
  rows = tl_alloc(height * (int64_t)sizeof *rows);
  for (int64_t i = 0; i < height; i++)
    rows[i] = (png_bytep)samples + i * row;
  png_read_image(png, rows);
  png_read_end(png, NULL);
  png_destroy_read_struct(&png, &info, NULL);
  tl_free(rows);
  const int64_t count = rtCount(3, sizes);
  out->data = tl_alloc(count * (int64_t)rtWidth(kind));
  convert((unsigned char *)samples, depth, out->data, kind, count);
  tl_free(samples);
  memcpy(out->sizes, sizes, sizeof sizes);
}

/*===- Writing ----------------------------------------------------------------------------------------------------===*/

static void writeBytes(png_structp png, png_bytep bytes, png_size_t length) { rtPut(png_get_io_ptr(png), bytes, length); }
static void flushBytes(png_structp png) {}

static void save(OutFile *file, const char *const *names, const TlValue *values, int64_t count) {
  static const int colours[] = {0, PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGB_ALPHA};
  const int64_t *sizes = values->sizes, channels = values->rank == 3 ? sizes[2] : 1;
  Buffer type = {0};
  rtAddType(&type, values->kind, values->rank, sizes);
  if (count != 1 || (values->kind != TL_U8 && values->kind != TL_U16) || values->rank < 2 || values->rank > 3 || channels < 1 ||
      channels > 4)
    rtRefuse(file, "a .png file holds u8[h, w] or u8[h, w, c] with c from 1 to 4, or the same of u16, not %s: convert with `u8(...)`",
             count == 1 ? type.data : "a record");
  if (!sizes[0] || !sizes[1] || sizes[0] > INT32_MAX || sizes[1] > INT32_MAX)
    rtRefuse(file, "a .png file holds a picture of at least one pixel, and of less than 2^31 a side, not %s", type.data);
  rtFree(&type);
  Source source = {0};
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &source, failed, ignored);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  if (!info)
    rtOutOfMemory(0);
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_write_struct(&png, &info);
    rtRefuse(file, "cannot write the picture: %s", source.message);
  }
  png_set_user_limits(png, INT32_MAX, INT32_MAX);
  png_set_write_fn(png, file, writeBytes, flushBytes);
  const int64_t width = (int64_t)rtWidth(values->kind);
  png_set_IHDR(png, info, (png_uint_32)sizes[1], (png_uint_32)sizes[0], (int)width * 8, colours[channels], PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  if (width == 2)
    png_set_swap(png);
  for (int64_t i = 0; i < sizes[0]; i++)
    png_write_row(png, (png_const_bytep)values->data + i * sizes[1] * channels * width);
  png_write_end(png, NULL);
  png_destroy_write_struct(&png, &info);
}

const TlFormat *tl_format_png(void) {
  static const TlFormat format = {{".png"}, load, save, NULL, NULL};
  return &format;
}
