package app

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"utkik/internal/match"
)

// readPlan puts the configured plan in force, with what an imported vocabulary lends it. With an error the plan that
// was in force stays.
func (a *App) readPlan() error {
	stamp, err := a.planStamp()
	if err != nil {
		return err
	}
	p, err := a.Config.LoadPlan(a.Config.Plan)
	if err != nil {
		return err
	}
	weighed, err := Weighed(a.Config, p)
	if err != nil {
		return err
	}
	if _, err := match.New(weighed); err != nil {
		return err
	}
	hash := match.Hash(weighed)
	if a.Plan != nil && hash != a.planHash {
		a.root().indexFits, a.root().set = false, nil
	}
	a.Plan, a.weighedPlan, a.planHash, a.planRead = p, weighed, hash, stamp
	return nil
}

// planStamp names the bytes that the plan in force is made of.
func (a *App) planStamp() ([sha256.Size]byte, error) {
	data, err := a.Config.PlanBytes(a.Config.Plan)
	if err != nil {
		return [sha256.Size]byte{}, err
	}
	words, err := os.ReadFile(filepath.Join(a.Config.Data, vocabularyFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return [sha256.Size]byte{}, fmt.Errorf("vocabulary: %v", err)
	}
	return sha256.Sum256(bytes.Join([][]byte{data, words}, []byte{0})), nil
}

// renewPlan looks whether a plan or the vocabulary was edited since it was read, and puts the new one in force. An
// edited plan with mistakes is refused, told once with every mistake and its line, and the last good one stays.
func (a *App) renewPlan() (renewed bool) {
	for _, o := range a.all() {
		renewed = o.renewOwnPlan() || renewed
	}
	return renewed
}

func (a *App) renewOwnPlan() (renewed bool) {
	stamp, err := a.planStamp()
	if err == nil && (stamp == a.planRead || stamp == a.planBad) {
		return false
	}
	if err == nil {
		err = a.readPlan()
	}
	if err != nil {
		if stamp != a.planBad {
			a.log.Error("the edited plan is refused; the last good one stays in force", "plan", a.Plan.ID, "err", err)
		}
		a.planBad = stamp
		return false
	}
	a.log.Info("the edited plan is in force; everything stored is matched anew", "plan", a.Plan.ID)
	return true
}
