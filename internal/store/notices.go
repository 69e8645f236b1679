package store

import (
	"context"
	"time"
)

// Notice is a matter that the operator should know of, from its beginning until it is mended.
type Notice struct {
	Key    string    // names the matter, such as mail:address:kultur@example.org or source:ft-portal
	Since  time.Time // of its beginning; a matter that was mended and comes again begins anew
	Text   string    // what is the matter, and what to do
	Told   time.Time // when the operator was told last: of it, or that it is mended; zero until then
	Mended time.Time // zero while it lasts
}

// RaiseNotice notes a matter. One that lasts keeps its beginning, and whether it was told.
func (s *Store) RaiseNotice(ctx context.Context, key, text string, now time.Time) error {
	return s.note(ctx, "noting "+key, noticeRaise, key, ms(now), text)
}

// NoticeTold notes that the operator was told of a matter.
func (s *Store) NoticeTold(ctx context.Context, key string, now time.Time) error {
	return s.note(ctx, "noting that "+key+" was told", noticeTold, ms(now), key)
}

// MendNotice notes that a matter is over. One that is not there is over already.
func (s *Store) MendNotice(ctx context.Context, key string, now time.Time) error {
	return s.note(ctx, "noting that "+key+" is mended", noticeMend, ms(now), key)
}

func (s *Store) note(ctx context.Context, doing string, q query, args ...any) error {
	err := s.write(ctx, survivesPower, func(t *txn) error {
		_, err := t.exec(q, args...)
		return err
	})
	if err != nil {
		return s.fail(doing, nothingSaved, err)
	}
	return nil
}

// Notices gives the matters that last, oldest first.
func (s *Store) Notices(ctx context.Context) ([]Notice, error) {
	return all(ctx, s, scanNotice, noticeList)
}

// EveryNotice gives every matter that there ever was, oldest first.
func (s *Store) EveryNotice(ctx context.Context) ([]Notice, error) {
	return all(ctx, s, scanNotice, noticeEvery)
}

// UntoldNotices gives what the operator is to be told, oldest first: matters that last and were not told, and those that
// were told and have been mended since. Each comes until [Store.NoticeTold].
func (s *Store) UntoldNotices(ctx context.Context) ([]Notice, error) {
	return all(ctx, s, scanNotice, noticeUntold)
}

// Notice gives one matter, whether it lasts or not; ErrNotFound when it was never noted.
func (s *Store) Notice(ctx context.Context, key string) (Notice, error) {
	return one(ctx, s, "notice "+key, scanNotice, noticeOne, key)
}

func scanNotice(row scanner) (Notice, error) {
	var n Notice
	var since, told, mended int64
	err := row.Scan(&n.Key, &since, &n.Text, &told, &mended)
	n.Since, n.Told, n.Mended = at(since), at(told), at(mended)
	return n, err
}
