package store

import (
	"context"
	"fmt"
	"time"
)

// Digest is a department's digest of a day exactly as it was printed or sent.
type Digest struct {
	Department string
	Date       string // the day that it is of, as 2026-09-22
	Language   string // BCP 47
	Hash       string // of what it says, given by who made it
	At         time.Time
	Body       []byte // JSON
}

// KeepDigest keeps a digest, unless one of the same department, date, language and hash is kept already:
// then the earlier one stands, and created is false.
func (s *Store) KeepDigest(ctx context.Context, d Digest) (created bool, err error) {
	doing := fmt.Sprintf("keeping the digest of %s for %s", d.Department, d.Date)
	packed, err := pack(d.Body)
	if err != nil {
		return false, s.fail(doing, nothingSaved, err)
	}
	err = s.write(ctx, survivesPower, func(t *txn) error {
		n, err := t.exec(digestInsert, s.own(d.Department), d.Date, d.Language, d.Hash, ms(d.At), packed)
		created = n == 1
		return err
	})
	if err != nil {
		return false, s.fail(doing, nothingSaved, err)
	}
	return created, nil
}

// Digests gives the latest digests of the department, or of all when it is empty, newest date first. A
// limit of 0 is none.
func (s *Store) Digests(ctx context.Context, department string, limit int) ([]Digest, error) {
	if department == "" {
		return all(ctx, s, s.scanDigest, digestList, s.prefix, most(limit))
	}
	return all(ctx, s, s.scanDigest, digestListDepartment, s.own(department), most(limit))
}

// DigestHeads gives the latest digests without their bodies, newest date first. A limit of 0 is none.
func (s *Store) DigestHeads(ctx context.Context, limit int) ([]Digest, error) {
	return all(ctx, s, func(row scanner) (Digest, error) {
		var d Digest
		var when int64
		err := row.Scan(&d.Department, &d.Date, &d.Language, &d.Hash, &when)
		d.At, d.Department = at(when), s.bare(d.Department)
		return d, err
	}, digestHeads, s.prefix, most(limit))
}

// Digest gives the latest digest of a department, day and language; ErrNotFound when none is kept.
func (s *Store) Digest(ctx context.Context, department, date, language string) (Digest, error) {
	return one(ctx, s, "digest of "+department+" for "+date, s.scanDigest, digestOne, s.own(department), date, language)
}

func (s *Store) scanDigest(row scanner) (Digest, error) {
	var d Digest
	var when int64
	var packed []byte
	if err := row.Scan(&d.Department, &d.Date, &d.Language, &d.Hash, &when, &packed); err != nil {
		return Digest{}, err
	}
	d.At, d.Department = at(when), s.bare(d.Department)
	var err error
	d.Body, err = unpack(packed)
	return d, err
}
