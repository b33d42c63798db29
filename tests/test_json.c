/* test_json.c -- JSON as it is written, and numbers that read back. */
#include <locale.h>
#include <math.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/text.h"
#include "testing.h"

static char *text;
static size_t size;

static struct json begin(void)
{
    return (struct json){.out = open_memstream(&text, &size)};
}

static void expect(struct json *j, const char *wanted)
{
    fclose(j->out);
    assert_string_equal(text, wanted);
    free(text);
}

static void test_values(void **state)
{
    (void)state;
    struct json j = begin();
    json_object(&j, NULL);
    json_text(&j, "a", "b");
    json_text(&j, "none", NULL);
    json_int(&j, "i", INT64_MIN);
    json_bool(&j, "yes", true);
    json_array(&j, "empty");
    json_end(&j);
    json_array(&j, "two");
    json_real(&j, NULL, 0.1);
    json_real(&j, NULL, (double)NAN);
    json_real(&j, NULL, -INFINITY);
    json_end(&j);
    json_object(&j, "nothing");
    json_end(&j);
    json_end(&j);
    expect(&j, "{\n  \"a\": \"b\",\n  \"none\": null,\n  \"i\": -9223372036854775808,\n  \"yes\": true,\n"
               "  \"empty\": [],\n  \"two\": [\n    0.1,\n    null,\n    null\n  ],\n  \"nothing\": {}\n}\n");
}

static void expect_text(const char *given, const char *wanted)
{
    struct json j = begin();
    json_text(&j, NULL, given);
    expect(&j, wanted);
}

static void test_any_text(void **state)
{
    (void)state;
    expect_text("", "\"\"\n");
    expect_text("a \"b\" \\ /", "\"a \\\"b\\\" \\\\ /\"\n");
    expect_text("\n\t\x01\x7f", "\"\\u000a\\u0009\\u0001\\u007f\"\n");
    expect_text("d\xc3\xbcn \xe2\x82\xac \xf0\x9f\x99\x82", "\"d\xc3\xbcn \xe2\x82\xac \xf0\x9f\x99\x82\"\n");
    expect_text("\xc2\x85", "\"\\u0085\"\n");                                         /* C1 */
    expect_text("\xff\xc3(\xe2\x82", "\"\\ufffd\\ufffd(\\ufffd\\ufffd\"\n");          /* no UTF-8 */
    expect_text("\xed\xa0\x80\xc0\xaf", "\"\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\"\n"); /* a surrogate, too long a form */
}

static void expect_typed(const char *given, const char *wanted)
{
    struct json j = begin();
    json_typed(&j, NULL, given);
    expect(&j, wanted);
}

static void test_typed(void **state)
{
    (void)state;
    static const char *const numbers[] = {"0", "-1", "1.5", "1e-05", "2E+3", "100000"};
    static const char *const texts[] = {"",   "nan", "inf", "0x10",  "01",   "1.", ".5",
                                        "1e", "+1",  "1 ",  "1e999", "True", "-"};
    char wanted[32];
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        snprintf(wanted, sizeof wanted, "%s\n", numbers[i]);
        expect_typed(numbers[i], wanted);
    }
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        snprintf(wanted, sizeof wanted, "\"%s\"\n", texts[i]);
        expect_typed(texts[i], wanted);
    }
    expect_typed("true", "true\n");
}

static void test_numbers_read_back(void **state)
{
    (void)state;
    static const double x[] = {0.1, 1.0 / 3, 1e300, 5e-324, 123456789.125, -2.5e-7, 1e15, 0x1p53, 150000};
    char number[TEXT_FIGURE];
    for (size_t i = 0; i < sizeof x / sizeof *x; i++)
        EXPECT(strtod(text_number(x[i], number), NULL) == x[i] && !strchr(number, ','));
    assert_string_equal(text_number(150000, number), "150000");
    assert_string_equal(text_number(-0.0, number), "0");
    assert_string_equal(text_number(0.7, number), "0.7");
    if (!setlocale(LC_NUMERIC, "de_DE.UTF-8")) return; /* not installed everywhere */
    assert_string_equal(text_number(0.5, number), "0.5");
    setlocale(LC_NUMERIC, "C");
}

static void test_texts_are_cut(void **state)
{
    (void)state;
    char cut[64];
    assert_string_equal(text_cut("abcdefghij", 10, cut, sizeof cut), "abcdefghij");
    assert_string_equal(text_cut("abcdefghijk", 10, cut, sizeof cut), "abc...hijk");
    assert_string_equal(
        text_cut("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc", 7, cut, sizeof cut),
        "\xc3\xa4\xc3\xb6...\xc3\xb6\xc3\xbc");
    EXPECT(text_length("\xc3\xa4"
                       "b\xff") == 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),        cmocka_unit_test(test_any_text),
        cmocka_unit_test(test_typed),         cmocka_unit_test(test_numbers_read_back),
        cmocka_unit_test(test_texts_are_cut),
    };
    return testing_main(tests);
}
