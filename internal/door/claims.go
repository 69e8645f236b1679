package door

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"utkik/internal/account"
)

// claims are what a provider says of somebody, as far as it matters here.
type claims struct {
	Name              string `json:"name"`
	PreferredUsername string `json:"preferred_username"`
	Mail              string `json:"email"`
	Verified          *bool  `json:"email_verified"` // Entra ID does not say

	values    []string // of the claim that holds roles or groups
	has       bool     // that claim was there
	elsewhere bool     // it is said to be told elsewhere
}

// readClaims reads a token's claims. The claim of roles is a name, or a path of names with dots between: a name that has
// dots itself, as those with an address have, goes before.
func readClaims(raw []byte, claim string) (claims, error) {
	var c claims
	var all map[string]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		return c, fmt.Errorf("claims: %v", err)
	}
	for name, into := range map[string]any{"name": &c.Name, "preferred_username": &c.PreferredUsername, "email": &c.Mail, "email_verified": &c.Verified} {
		_ = json.Unmarshal(all[name], into) // what has another form is not said
	}
	value, ok := find(all, claim)
	c.has = ok
	if ok {
		c.values = textsOf(value)
	}
	var names map[string]json.RawMessage
	if json.Unmarshal(all["_claim_names"], &names) == nil {
		_, c.elsewhere = names[claim]
	}
	return c, nil
}

// find follows a path of names with dots between; a name may have dots itself.
func find(at map[string]json.RawMessage, path string) (json.RawMessage, bool) {
	if v, ok := at[path]; ok {
		return v, true
	}
	for i, r := range path {
		var inner map[string]json.RawMessage
		if r != '.' || json.Unmarshal(at[path[:i]], &inner) != nil {
			continue
		}
		if v, ok := find(inner, path[i+1:]); ok {
			return v, true
		}
	}
	return nil, false
}

// textsOf gives the texts of a claim that holds one or a list of them.
func textsOf(raw json.RawMessage) []string {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return []string{one}
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return nil
	}
	var out []string
	for _, v := range list {
		if json.Unmarshal(v, &one) == nil {
			out = append(out, one)
		}
	}
	return out
}

// fill takes from o what c does not say.
func (c *claims) fill(o *claims) {
	c.Name, c.PreferredUsername = cmp.Or(c.Name, o.Name), cmp.Or(c.PreferredUsername, o.PreferredUsername)
	if c.Mail == "" {
		c.Mail, c.Verified = o.Mail, o.Verified
	}
	if !c.has {
		c.values, c.has = o.values, o.has
	}
}

// shown is a person's name.
func (c *claims) shown(subject string) string {
	return clean(cmp.Or(c.Name, c.PreferredUsername, c.Mail, subject))
}

// address is the person's mail address, unless the provider says that nobody has seen to it that it is theirs.
func (c *claims) address() string {
	if c.Verified != nil && !*c.Verified || len(c.Mail) > 254 {
		return ""
	}
	return strings.ToLower(c.Mail)
}

// role is the highest that the values give.
func (o OIDC) role(values []string) account.Role {
	role := o.Everyone
	for _, r := range o.Roles {
		for _, v := range values {
			if v == r.Value {
				role = max(role, r.Role)
			}
		}
	}
	return role
}
