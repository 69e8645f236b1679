package main

import (
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// reading are the commands that write nothing that the audit log should know of, by their path.
func reading() []string {
	return []string{
		"audit", "backup", "changes", "config", "demo", "digest templates", "doctor", "export", "jobs", "keys", "keys list", "links", "match", "match eval", "match labels", "match train", "mcp",
		"notices", "outbox", "outbox show", "plan", "plan check", "plan diff", "plan draft", "plan show", "recipients", "recipients acts", "recipients export", "report",
		"reindex", "search", "serve", "sessions", "sources", "sources check", "sources new", "store", "templates", "vocabulary", "vocabulary show",
	}
}

// Every command says whether it writes: what does is in the audit log.
func TestDeeds(t *testing.T) {
	t.Parallel()
	p := &program{out: io.Discard, err: io.Discard}
	writing, seen := deeds(), map[string]bool{}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		_, path, _ := strings.Cut(c.CommandPath(), " ")
		_, writes := writing[path]
		if reads := slices.Contains(reading(), path); path != "" && reads == writes {
			t.Errorf("utkik %s: say in deeds what it writes, or in the test that it only reads", path)
		}
		seen[path] = true
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(p.root())
	for path := range writing {
		if !seen[path] {
			t.Errorf("there is no utkik %s", path)
		}
	}
}
