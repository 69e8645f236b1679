package store

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"regexp"
	"strings"
)

// tenantMark begins every stored id of an organisation of its own: ~skogsby.kultur is kultur of skogsby. No id that the
// installation's own organisation gives can begin so.
const tenantMark = "~"

// Of gives the store as an organisation sees it: calls, versions, changes, links and runs are everybody's; recipients and what
// they follow, decisions, digests, mails, feeds, acts, sessions, keys and the audit log are its own, and no other's
// can be named. The empty organisation is the installation's own, whose rows bear no mark. The database is the same, and
// closing either closes both.
func (s *Store) Of(organisation string) *Store {
	v := &Store{base: s.base}
	if organisation != "" {
		v.prefix = tenantMark + organisation + "."
	}
	return v
}

// own is the stored form of an id: whatever was asked for, it is this organisation's.
func (s *Store) own(id string) string {
	switch {
	case s.prefix != "":
		return s.prefix + id
	case strings.HasPrefix(id, tenantMark):
		return tenantMark + id // nobody's: no organisation has an empty name
	}
	return id
}

// ownOf is own, but that nobody stays nobody.
func (s *Store) ownOf(id string) string {
	if id == "" {
		return ""
	}
	return s.own(id)
}

// bare is an id as its organisation knows it.
func (s *Store) bare(id string) string { return strings.TrimPrefix(id, s.prefix) }

// Mail keys are the exception: who sends, sends for all, and names each mail as it is stored.

// ownMail is the stored form of a mail's key.
func (s *Store) ownMail(k MailKey) MailKey {
	k.Recipient = s.prefix + k.Recipient
	return k
}

func (s *Store) bareMail(m *Mail) { m.Recipient = s.bare(m.Recipient) }

// MailOf tells whose a mail is that the installation's own store lists: the organisation, empty for itself, and the recipient as
// that knows it.
func MailOf(k MailKey) (organisation string, own MailKey) {
	rest, marked := strings.CutPrefix(k.Recipient, tenantMark)
	org, id, cut := strings.Cut(rest, ".")
	if !marked || !cut {
		return "", k
	}
	return org, MailKey{id, k.Period}
}

// Stored is a mail's key as it is in the whole installation, where two organisations may have recipients of one name.
func (s *Store) Stored(k MailKey) MailKey { return s.ownMail(k) }

var tenantName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// ValidateOrganisation tells whether a name can be an organisation's.
func ValidateOrganisation(name string) error {
	if !tenantName.MatchString(name) {
		return fmt.Errorf("organisation %q: want small letters and digits, with - between words", name)
	}
	return nil
}

// derived is a key of this organisation's alone: what is sealed for one opens at no other.
func (s *Store) derived(secret []byte) []byte {
	if s.prefix == "" {
		return secret
	}
	h := hmac.New(sha256.New, secret)
	h.Write([]byte("organisation " + s.prefix))
	return h.Sum(nil)
}

// within is the condition that a row is this organisation's, by the first parameter, its prefix: a stored id begins
// with it and goes on without another's mark.
func within(id string) string {
	return `SUBSTR(` + id + `, 1, LENGTH(CAST($1 AS TEXT))) = CAST($1 AS TEXT)
		AND SUBSTR(` + id + `, LENGTH(CAST($1 AS TEXT)) + 1, 1) <> '~' `
}
