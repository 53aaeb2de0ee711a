"""kill -9 at any instant: no finished trial is lost, no recorded reply is paid for again, and the results are the same."""

import pytest
from killing import TRIALS, Campaign, ToyRun, undisturbed

KILLS = 10


@pytest.mark.slow
def test_kill_minus_nine_at_random_instants(tmp_path):
    (tmp_path / "killed").mkdir()
    campaign = Campaign(ToyRun(tmp_path / "killed"))
    for _ in range(KILLS):
        campaign.strike()
    assert campaign.finish() == ""
    assert campaign.lost == set(), "a finished trial was lost or changed"
    assert campaign.paid_twice == 0, "a recorded reply was paid for again"
    assert campaign.points, "nothing was killed: this test has shown nothing"
    assert campaign.checked, "no kill came after a recorded reply: this test has shown nothing"
    (tmp_path / "undisturbed").mkdir()
    assert campaign.run.results() == undisturbed(tmp_path / "undisturbed")
    assert len(campaign.run.results()) == TRIALS


def test_a_loss_and_a_second_payment_would_be_counted(tmp_path):
    run = ToyRun(tmp_path)
    process = run.start(*run.run_arguments())
    process.communicate(timeout=60)
    campaign = Campaign(run)
    campaign._look()
    assert (campaign.lost, campaign.paid_twice, campaign.checked) == (set(), 0, 12)
    (run.out / "trials" / "toyagent--toy--T01-C1--r0" / "trial.json").write_text("{}")
    run.log.write_text("\n".join([*run.payments(), run.payments()[0]]))
    campaign._look()
    assert (campaign.lost, campaign.paid_twice) == ({"toyagent--toy--T01-C1--r0"}, 1)
