package api

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"utkik/internal/call"
	"utkik/internal/store"
)

// The script of doc/api.md copies everything and follows the log, run again after what came since.
func TestFollowAsDocumented(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("curl is missing: install it")
		}
		t.Skip("the script of doc/api.md was not run: curl is missing")
	}
	doc, err := os.ReadFile("../../doc/api.md")
	check(t, err)
	script := regexp.MustCompile("(?s)```sh\n(.*?)```").FindSubmatch(doc)
	if script == nil || strings.Count(string(script[1]), "\n") > 10 {
		t.Fatalf("no script of ten lines in doc/api.md: %s", script)
	}
	s := onSQLite(t)
	text := strings.NewReplacer("https://utkik.example.org", s.URL, "limit=500", "limit=7").Replace(string(script[1]))
	dir := t.TempDir()
	run := func() {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "sh", "-eu", "-c", text)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	run()
	var want []int64
	for i := range 20 {
		s.commit("later", now, store.Save{Call: call.Call{Source: "later", Ref: fmt.Sprint(i), Kind: call.KindNews, Title: `"next":"x"`}, Version: true, Seen: true, Changes: []call.Change{{Event: call.EventNew, New: `"next":"x"`}}})
	}
	rows, err := s.store.Changes(t.Context(), store.ChangeQuery{Source: "later"})
	check(t, err)
	for _, r := range rows {
		want = append(want, r.Seq)
	}
	run()
	run() // nothing more
	copied := map[string]bool{}
	for _, line := range lines(t, filepath.Join(dir, "calls.jsonl")) {
		var p struct{ Calls []struct{ Call call.Call } }
		check(t, json.Unmarshal([]byte(line), &p))
		for _, c := range p.Calls {
			copied[c.Call.Key().String()] = true
		}
	}
	if len(copied) != len(calls()) {
		t.Errorf("%d calls were copied, there are %d", len(copied), len(calls()))
	}
	var got []int64
	for _, line := range lines(t, filepath.Join(dir, "changes.jsonl")) {
		var p log
		check(t, json.Unmarshal([]byte(line), &p))
		for _, c := range p.Changes {
			got = append(got, c.Seq)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("followed %v, want %v", got, want)
	}
}

// Every address that doc/api.md gives is answered.
func TestQuestionsInDocument(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../doc/api.md")
	check(t, err)
	s := onSQLite(t)
	asked := regexp.MustCompile("(?m)^\\|[^|]*\\| `(/[^`]*)`").FindAllSubmatch(doc, -1)
	for _, m := range asked {
		address := strings.ReplaceAll(string(m[1]), "50138952TOPICS", "RAIL-1")
		if a := s.ask(get, Prefix+address, ""); a.status != 200 {
			t.Errorf("%s: %d %s", address, a.status, a.body)
		}
	}
	if len(asked) < 8 {
		t.Errorf("%d addresses were asked for", len(asked))
	}
}

func lines(t *testing.T, file string) []string {
	t.Helper()
	b, err := os.ReadFile(file)
	check(t, err)
	return strings.Split(strings.TrimSpace(string(b)), "\n")
}
