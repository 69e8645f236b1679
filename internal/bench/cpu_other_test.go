//go:build !linux

package bench

import "testing"

func cpuTime() float64 { return 0 }

func serverTime(int) float64 { return 0 }

func forgetPeak() bool { return false }

func processTime(*testing.B, int) float64 { return 0 }
