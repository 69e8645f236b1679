package store

import (
	"context"
	"errors"
	"fmt"
)

// Outcomes that a failed write can promise.
const (
	nothingSaved    = "nothing was saved"
	nothingSavedRun = "nothing of this run was saved"
)

// What helps where the data cannot be used any more. A backup is restored into an empty place only.
const (
	restoreFile     = "move the data folder away and put a backup in its place with `utkik restore FILE`"
	restoreDatabase = "name an empty database in store.url, move the data folders away and put a backup into it with `utkik restore FILE`"
)

// fail says in a sentence what err means for who runs the program, what to do next, and what became of the
// data. doing and err, which the operator's log wants, follow in parentheses. A context's error stays in
// the chain, as everything does.
func (s *Store) fail(doing, outcome string, err error) error {
	if errors.As(err, new(*unsureError)) {
		outcome = "whether it was saved is not known: doing it again saves nothing twice"
	}
	if outcome != "" {
		outcome = "; " + outcome
	}
	says := s.engine.says(err)
	if says == "" {
		return fmt.Errorf("store %s: %s: %w%s", s.path, doing, err, outcome)
	}
	return fmt.Errorf("store %s: %s%s (%s: %w)", s.path, says, outcome, doing, err)
}

// Check looks for damage: in the file's structure and in what its rows point to, where the engine does not see to
// that, and in the text of every call.
func (s *Store) Check(ctx context.Context) error {
	next := "stop every utkik, and " + restoreDatabase
	if s.locks == nil {
		next = "stop every utkik, and " + restoreFile
		if err := s.checkFile(ctx, next); err != nil {
			return err
		}
	}
	var n int
	if err := s.row(ctx, orphans).Scan(&n); err != nil {
		return s.fail("checking", "", err)
	}
	if n > 0 {
		return fmt.Errorf("store %s: %d calls are without their current version: %s", s.path, n, next)
	}
	return s.EachRecord(ctx, func(Record) error { return nil })
}
