package app

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"utkik/config"
)

// TestRenewPlan edits the plan under a running program: a good one comes into force, a bad one is refused once with
// its line, and the last good one stays.
func TestRenewPlan(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	good, err := os.ReadFile(filepath.Join("..", "..", "config", "plans", "rvn-2020.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "mine.yaml")
	write := func(data []byte) {
		t.Helper()
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(good)
	cfg, err := config.Load(config.Options{Flags: config.Flags{Data: filepath.Join(dir, "data"), Plan: file}, Search: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	a, err := Open(t.Context(), cfg, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	first, name := a.planHash, a.Plan.Name
	if a.renewPlan() {
		t.Error("an unchanged plan is renewed")
	}
	write(append(bytes.Clone(good), "nonsense: true\n"...))
	for range 2 {
		if a.renewPlan() {
			t.Error("a plan with mistakes comes into force")
		}
	}
	if n := strings.Count(log.String(), "refused"); n != 1 || !strings.Contains(log.String(), "nonsense") {
		t.Errorf("the refusal is told %d times: %s", n, &log)
	}
	if a.planHash != first || a.Plan.Name != name {
		t.Error("the last good plan is gone")
	}
	write(bytes.Replace(good, []byte("name: "), []byte("name: Ny "), 1))
	if !a.renewPlan() || a.planHash == first {
		t.Error("a good edit does not come into force")
	}
}
