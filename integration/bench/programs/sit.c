// A command that does nothing and needs next to nothing.

#include <unistd.h>

int main(void) {
    for (;;) pause();
}
