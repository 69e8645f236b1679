package app

import (
	"context"
	"fmt"
	"time"

	"utkik/internal/call"
	"utkik/internal/schedule"
)

// Reconcile lays the index of this machine beside the store and, where they do not agree, builds it anew while the old one
// answers. It tells what did not agree; empty when all did. An index can only be wrong by damage that nothing told of, or by
// a store that was set back: a backup restored, a server that lost its last moments.
func (a *App) Reconcile(ctx context.Context) (found string, err error) {
	a.turn.Lock()
	defer a.turn.Unlock()
	x, err := a.Index(ctx)
	if err != nil {
		return "", err
	}
	if _, err := x.Sync(ctx, feed{a.root()}); err != nil {
		return "", err
	}
	have, err := x.Keys(ctx, "", a.now())
	if err != nil {
		return "", err
	}
	cursor, err := x.Cursor()
	if err != nil {
		return "", err
	}
	missing, last := 0, int64(0)
	for {
		entries, err := (feed{a.root()}).Touched(ctx, last, followBatch)
		if err != nil {
			return "", err
		}
		if len(entries) == 0 {
			break
		}
		for i := range entries {
			e := &entries[i]
			last = e.Seq
			key := e.Call.Key()
			switch {
			case last > cursor: // written since
			case e.Removed != have[key]:
				// As it should be. What is left in the end is too much.
			case !e.Removed:
				missing++
				continue
			default:
				continue
			}
			delete(have, key)
		}
	}
	found = disagreement(missing, have, cursor, last)
	if found == "" {
		return "", nil
	}
	a.log.WarnContext(ctx, "the index does not agree with the store, and is built anew", "found", found)
	_, err = x.Rebuild(ctx, feed{a.root()})
	return found, err
}

func disagreement(missing int, extra map[call.Key]bool, cursor, last int64) string {
	switch {
	case cursor > last:
		return fmt.Sprintf("the index has followed to %d, and the store stands at %d: it was set back", cursor, last)
	case missing+len(extra) > 0:
		return fmt.Sprintf("%d calls are missing and %d too many", missing, len(extra))
	}
	return ""
}

// reconcileNightly does so once a night, on every machine with pages.
func (a *App) reconcileNightly(ctx context.Context, last *time.Time) error {
	now := a.now().In(Stockholm())
	if last.IsZero() {
		*last = now // the index has only just followed
	}
	if !schedule.Nightly(last.In(Stockholm()), now, nightHour) {
		return nil
	}
	*last = now
	_, err := a.Reconcile(ctx)
	return err
}
