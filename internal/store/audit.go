package store

import (
	"context"
	"strings"
	"sync"
	"time"
)

// The ways by which a write is asked for.
const (
	WayWeb     = "web"
	WayAPI     = "api"
	WayCommand = "command"
	WayMail    = "mail" // a link in a mail
)

// Entry is a line of the audit log: a write that somebody asked for. It says what was done and on what, and holds neither
// secrets nor contents.
type Entry struct {
	ID     int64     // by the store, rising
	At     time.Time // zero: when it is written
	Who    string    // [utkik/internal/account.Actor.ID], or recipient:<id> for a link in a mail
	Way    string    // WayWeb, WayAPI, WayCommand or WayMail
	What   string    // thing and deed: decision.set, recipient.delete, key.add
	On     string    // what it was done on: ft-portal/RAIL-1, a recipient's id; empty where What says it all
	Detail string    // what else a reader of the log needs; often empty
}

// maxAudit bounds each text of an entry, in bytes: what people typed stands in it.
const maxAudit = 1000

// Audit keeps an entry. Where a write of the store is what it tells of, [Audited] keeps both or neither.
func (s *Store) Audit(ctx context.Context, e Entry) error {
	err := s.write(context.WithValue(ctx, auditKey{}, (*audited)(nil)), survivesPower, func(t *txn) error { return t.audit(e) })
	if err != nil {
		return s.fail("keeping what was done", nothingSaved, err)
	}
	return nil
}

type auditKey struct{}

// audited is an entry that waits for its write.
type audited struct {
	entry Entry
	mu    sync.Mutex
	kept  bool
}

// Audited gives a context in which the next write of the store that alters anything also keeps the entry, in its own
// transaction: there is no write without its line, and no line without its write. Later writes are part of the same deed
// and keep none. What is so already alters nothing, and is no deed.
func Audited(ctx context.Context, e Entry) context.Context {
	return context.WithValue(ctx, auditKey{}, &audited{entry: e})
}

// Detail says of the entry that waits in ctx what only the write itself finds out.
func Detail(ctx context.Context, text string) {
	if deed, _ := ctx.Value(auditKey{}).(*audited); deed != nil {
		deed.mu.Lock()
		defer deed.mu.Unlock()
		deed.entry.Detail = text
	}
}

func (t *txn) audit(e Entry) error {
	if e.At.IsZero() {
		e.At = t.store.now()
	}
	_, err := t.exec(auditInsert, ms(e.At), t.store.own(clip(e.Who)), clip(e.Way), clip(e.What), clip(e.On), clip(e.Detail))
	return err
}

// clip bounds a text, between two characters.
func clip(s string) string {
	if len(s) <= maxAudit {
		return s
	}
	return strings.ToValidUTF8(s[:maxAudit-len("…")], "") + "…"
}

// AuditFilter chooses lines of the audit log. The zero value chooses all.
type AuditFilter struct {
	Who, What, On string    // as they stand in an entry; empty: any
	Since, Until  time.Time // from Since on, before Until; zero: no bound
	Before        int64     // only entries with a lower ID, for the next page; 0: from the latest
	Limit         int       // 0: no limit
}

// AuditLog gives lines of the audit log, the latest first.
func (s *Store) AuditLog(ctx context.Context, f AuditFilter) ([]Entry, error) {
	until := most(0)
	if !f.Until.IsZero() {
		until = ms(f.Until)
	}
	before := most(0)
	if f.Before > 0 {
		before = f.Before
	}
	return all(ctx, s, func(row scanner) (Entry, error) {
		var e Entry
		var when int64
		err := row.Scan(&e.ID, &when, &e.Who, &e.Way, &e.What, &e.On, &e.Detail)
		e.At, e.Who = at(when), s.bare(e.Who)
		return e, err
	}, auditList, s.prefix, s.ownOf(f.Who), f.What, f.On, ms(f.Since), until, before, most(f.Limit))
}

// PruneAudit forgets entries made before old, and tells how many.
func (s *Store) PruneAudit(ctx context.Context, old time.Time) (int64, error) {
	return s.count(ctx, "forgetting old lines of the audit log", auditPrune, ms(old))
}
