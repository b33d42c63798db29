/* test_tensorboard.c -- a folder for TensorBoard whose file system does not answer; what is written there is in
 * test_store, and what the end of a run does about it in test_rank_0_files. */
#include "testing.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "store/tensorboard.h"

static void may_hang(const char *path)
{
    while (strstr(path, "/hangs/")) pause();
}

int stat(const char *path, struct stat *st)
{
    may_hang(path);
    return fstatat(AT_FDCWD, path, st, 0);
}

int mkdir(const char *path, mode_t mode)
{
    may_hang(path);
    return mkdirat(AT_FDCWD, path, mode);
}

/* It is given up, with a line, at the look before the start and where the folder is made. */
static void hangs_at_the_start(void **state)
{
    (void)state;
    const char *const line = "--tensorboard /hangs/board: no answer from its file system";
    alarm(60);
    const pid_t other = fork(); /* beside this: each takes its time */
    if (!other) _exit(tensorboard_open("/hangs/board", 0) || !strstr(error_text(), line));
    EXPECT(tensorboard_check("/hangs/board") && strstr(error_text(), line));
    int status;
    EXPECT(waitpid(other, &status, 0) == other && status == 0);
}

static void answers(void **state)
{
    (void)state;
    char dir[] = "/tmp/test_tensorboard.XXXXXX", board[64];
    EXPECT(mkdtemp(dir));
    snprintf(board, sizeof board, "%s/board", dir);
    EXPECT(!tensorboard_check(board));
    struct tensorboard *c = tensorboard_open(board, 0);
    EXPECT(c && !tensorboard_check(board));
    tensorboard_free(&c);
    EXPECT(!rmdir(board) && !rmdir(dir) && tensorboard_check(board));
    EXPECT(strstr(error_text(), "cannot be made there: No such file or directory"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hangs_at_the_start),
        cmocka_unit_test(answers),
    };
    return testing_main(tests);
}
