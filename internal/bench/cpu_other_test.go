//go:build !linux

package bench

import "testing"

func cpuTime() float64 { return 0 }

func processTime(*testing.B, int) float64 { return 0 }
