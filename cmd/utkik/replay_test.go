package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// replay is the portal of real days, served by shared/portals/ft/replay.py on the loopback.
type replay struct {
	t    *testing.T
	base string
	days []string
}

// shared gives the folder of real captures beside the checkout, or skips: it is no part of the repository.
func shared(t *testing.T, path ...string) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join(append([]string{"..", "..", "..", "shared"}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err != nil {
		missing(t, "../shared/"+strings.Join(path, "/")+" is not beside this checkout")
	}
	return dir
}

// missing skips a test for want of something outside the repository; where nothing may skip it fails.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(what)
	}
	t.Skip(what)
}

func startReplay(t *testing.T) *replay {
	t.Helper()
	dir := shared(t, "portals", "ft")
	python, err := exec.LookPath("python3")
	if err != nil {
		missing(t, "python3 is not installed: the replayed portal needs it")
	}
	raw, err := os.ReadFile(filepath.Join(dir, "timeline", "days.json"))
	if err != nil {
		t.Fatal(err)
	}
	var days map[string][]int
	if err := json.Unmarshal(raw, &days); err != nil {
		t.Fatal(err)
	}
	r := &replay{t: t}
	for d := range days {
		r.days = append(r.days, d)
	}
	slices.Sort(r.days)

	cmd := exec.CommandContext(t.Context(), python, filepath.Join(dir, "replay.py"), "--port", "0", "--seed", "1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the replay did not start: %v", err)
	}
	// portal of 2026-06-20 on http://127.0.0.1:40123 (738 rows)
	for _, word := range strings.Fields(line) {
		if strings.HasPrefix(word, "http://") {
			r.base = word
		}
	}
	return r
}

func (r *replay) control(body string) {
	r.t.Helper()
	resp, err := http.Post(r.base+"/__control", "application/json", strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		r.t.Fatalf("replay control %s: status %d", body, resp.StatusCode)
	}
}

func (r *replay) day(d string) { r.control(fmt.Sprintf(`{"day": %q, "reset": true}`, d)) }

// site is an installation that watches the replayed portal.
type site struct {
	t    *testing.T
	dir  string
	file string
}

func newSite(t *testing.T, base string) *site {
	t.Helper()
	s := &site{t: t, dir: t.TempDir()}
	s.file = filepath.Join(s.dir, "utkik.yaml")
	text := fmt.Sprintf("data: %s\nlog_level: warn\nsources:\n  - {id: ft-portal, base: %q, delay: 0s}\ncrawler:\n  only: ft-portal\n  allow_private: true\n  delay: 0s\n",
		filepath.Join(s.dir, "data"), base)
	if err := os.WriteFile(s.file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return s
}

// exec runs the built program likewise; whole runs of many days are too slow under the race detector.
func (s *site) exec(day string, args ...string) (stdout string, code int) {
	s.t.Helper()
	c := exec.CommandContext(s.t.Context(), "utkik", append([]string{"--config", s.file, "--now", day + "T06:00:00Z"}, args...)...)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	err := c.Run()
	if errs.Len() > 0 {
		s.t.Logf("%s %v: %s", day, args, errs.String())
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	return out.String(), c.ProcessState.ExitCode()
}

// utkik runs the program as at six in the morning, UTC, of a day, and gives its output and exit code.
func (s *site) utkik(day string, args ...string) (stdout string, code int) {
	s.t.Helper()
	var out, errs bytes.Buffer
	code = run(append([]string{"--config", s.file, "--now", day + "T06:00:00Z"}, args...), &out, &errs)
	if errs.Len() > 0 {
		s.t.Logf("%s %v: %s", day, args, errs.String())
	}
	return out.String(), code
}

// TestReplayOfRealDays crawls 61 real days of the portal in order and holds the change log against what really
// changed: every required event on its day, and none that is false.
func TestReplayOfRealDays(t *testing.T) {
	r := startReplay(t)
	s := newSite(t, r.base)
	begin := time.Now()
	for _, day := range r.days {
		r.day(day)
		if out, code := s.exec(day, "crawl", "--json"); code != exitDone {
			t.Fatalf("%s: exit code %d: %s", day, code, out)
		}
	}
	t.Logf("%d days in %s", len(r.days), time.Since(begin).Round(time.Millisecond))
	last := r.days[len(r.days)-1]
	log, code := s.exec(last, "changes", "--source", "ft-portal", "--json")
	if code != exitDone {
		t.Fatalf("changes: exit code %d", code)
	}
	check := exec.CommandContext(t.Context(), "python3", filepath.Join(shared(t, "portals", "ft"), "check.py"), filepath.Join(shared(t, "portals", "ft"), "timeline"))
	check.Stdin = strings.NewReader(log)
	verdict, err := check.CombinedOutput()
	t.Logf("check.py:\n%s", verdict)
	if err != nil {
		t.Error(err)
	}

	// The last day again: nothing changed, so nothing may be written.
	before, _ := s.exec(last, "export")
	out, code := s.exec(last, "crawl", "--json")
	if code != exitDone {
		t.Fatalf("second crawl: exit code %d: %s", code, out)
	}
	if again, _ := s.exec(last, "changes", "--source", "ft-portal", "--json"); again != log {
		t.Error("an unchanged crawl wrote changes")
	}
	if after, _ := s.exec(last, "export"); after != before {
		t.Error("an unchanged crawl altered calls")
	}
	// Reading the stored documents again gives what the crawl gave.
	if out, code := s.exec(last, "reparse", "--json"); code != exitDone {
		t.Errorf("reparse: exit code %d: %s", code, out)
	}
	if after, _ := s.exec(last, "export"); after != before {
		t.Error("reparse with an unchanged parser altered calls")
	}
}

// TestReplayFaults plays the faults that the replay offers. After each, what was stored is as it was, or better.
func TestReplayFaults(t *testing.T) {
	r := startReplay(t)
	s := newSite(t, r.base)
	first, second := r.days[0], r.days[1]
	r.day(first)
	if out, code := s.utkik(first, "crawl"); code != exitDone {
		t.Fatalf("first crawl: exit code %d: %s", code, out)
	}
	before, _ := s.utkik(first, "export")
	log, _ := s.utkik(first, "changes", "--json")
	r.day(second)
	for _, tc := range []struct{ name, fault string }{
		{"garbage", `{"fault": {"garbage": true}}`},
		{"cut", `{"fault": {"truncate": true}}`},
		{"always 500", `{"fault": {"status": 500}}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r.control(tc.fault)
			out, code := s.utkik(second, "crawl", "--json")
			if code != exitPartial {
				t.Errorf("exit code %d, want %d: %s", code, exitPartial, out)
			}
			if !strings.Contains(out, `"complete":false`) || !strings.Contains(out, r.base) {
				t.Errorf("the run does not say that it is incomplete and where: %s", out)
			}
			if after, _ := s.utkik(second, "export"); after != before {
				t.Error("a failed crawl altered calls")
			}
			if again, _ := s.utkik(second, "changes", "--json"); again != log {
				t.Error("a failed crawl wrote changes")
			}
		})
	}
	for _, tc := range []struct{ name, fault string }{
		{"429 with Retry-After, every third", `{"fault": {"status": 429, "retry_after": 1, "every": 3}}`},
		{"500 every third", `{"fault": {"status": 500, "every": 3}}`},
		{"slow", `{"fault": {"delay": 0.05}}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r.control(tc.fault)
			if out, code := s.utkik(second, "crawl", "--json"); code != exitDone || !strings.Contains(out, `"complete":true`) {
				t.Errorf("exit code %d, want %d: %s", code, exitDone, out)
			}
		})
	}
	r.control(`{"fault": null}`)
}
