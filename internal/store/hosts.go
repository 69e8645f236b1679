package store

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// Reserve gives a request to a host its time, and tells how long it is until then. Between the start of one request and
// the start of the next there is at least the delay of both, whoever on whatever machine makes them: the database keeps the
// time, by its own clock.
func (s *Store) Reserve(ctx context.Context, host string, delay time.Duration) (time.Duration, error) {
	var wait int64
	err := s.write(ctx, survivesProcess, func(t *txn) error { return t.row(hostReserve, host, delay.Milliseconds()).Scan(&wait) })
	if err != nil {
		return 0, s.fail("asking when "+host+" may be asked", "", err)
	}
	return max(time.Duration(wait)*time.Millisecond, 0), nil
}

// Postpone leaves a host alone for that long, as it asked for. Requests that have their time already keep it.
func (s *Store) Postpone(ctx context.Context, host string, pause time.Duration) error {
	err := s.write(ctx, survivesProcess, func(t *txn) error {
		_, err := t.exec(hostPostpone, host, pause.Milliseconds())
		return err
	})
	if err != nil {
		return s.fail("noting that "+host+" wants to be left alone", "", err)
	}
	return nil
}

// Robots gives the robots.txt that a host had when it was last asked, and when that was; ErrNotFound when it never was.
func (s *Store) Robots(ctx context.Context, origin string) (body string, asked time.Time, err error) {
	var when int64
	err = s.row(ctx, robotsGet, origin).Scan(&when, &body)
	if errors.Is(err, sql.ErrNoRows) {
		return "", time.Time{}, ErrNotFound
	}
	if err != nil {
		return "", time.Time{}, s.fail("robots.txt of "+origin, "", err)
	}
	return body, at(when), nil
}

// KeepRobots keeps a host's robots.txt in the place of what it said before; empty when it has none.
func (s *Store) KeepRobots(ctx context.Context, origin, body string, asked time.Time) error {
	err := s.write(ctx, survivesProcess, func(t *txn) error {
		_, err := t.exec(robotsSet, origin, ms(asked), body)
		return err
	})
	if err != nil {
		return s.fail("keeping robots.txt of "+origin, nothingSaved, err)
	}
	return nil
}
