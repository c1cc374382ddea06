// This file lets direct.go declare a function without a body.
