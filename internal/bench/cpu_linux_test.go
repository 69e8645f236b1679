package bench

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// cpuTime gives the seconds of CPU that this process has used.
func cpuTime() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// processTime gives the seconds of CPU that another process has used.
func processTime(b *testing.B, pid int) float64 {
	b.Helper()
	p, err := readProcess(pid)
	if err != nil {
		b.Fatal(err)
	}
	return p.own
}

// serverTime gives the seconds of CPU that a process and those that it started have used.
func serverTime(pid int) float64 {
	p, err := readProcess(pid)
	if err != nil {
		return 0
	}
	sum := p.own + p.ended
	names, _ := filepath.Glob("/proc/[0-9]*")
	for _, name := range names {
		id, _ := strconv.Atoi(filepath.Base(name))
		if c, err := readProcess(id); err == nil && c.parent == pid {
			sum += c.own
		}
	}
	return sum
}

// process is what Linux tells of one.
type process struct {
	parent     int
	own, ended float64 // seconds of CPU, and those of children that have ended
}

func readProcess(pid int) (process, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return process{}, err
	}
	_, rest, _ := bytes.Cut(stat, []byte(") ")) // the name may hold anything
	fields := strings.Fields(string(rest))
	var parent int
	var user, system, endedUser, endedSystem float64
	if _, err := fmt.Sscan(strings.Join(append(fields[1:2:2], fields[11:15]...), " "), &parent, &user, &system, &endedUser, &endedSystem); err != nil {
		return process{}, fmt.Errorf("process %d: %v", pid, err)
	}
	const ticks = 100 // a second, as Linux counts for all programs
	return process{parent, (user + system) / ticks, (endedUser + endedSystem) / ticks}, nil
}

// forgetPeak begins anew to look for this process' peak of memory. It tells whether the system does that.
func forgetPeak() bool { return os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) == nil }
