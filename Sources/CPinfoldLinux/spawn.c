#include "CPinfoldLinux.h"
