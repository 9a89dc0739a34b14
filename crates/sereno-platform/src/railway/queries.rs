//! The texts that are sent to Railway.
//!
//! Each has a name, which the plan and the errors show. Their fields are those of the public schema, as Railway's own command
//! line (github.com/railwayapp/cli, `src/gql`) and guides (docs.railway.com/guides/manage-services, `manage-deployments`) use them.

pub(super) struct Query {
    pub(super) name: &'static str,
    pub(super) text: &'static str,
}

/// What a project token opens.
pub(super) const TOKEN: Query = Query {
    name: "projectToken",
    text: "query projectToken { projectToken { projectId environmentId project { name } environment { name } } }",
};

pub(super) const PROJECT: Query = Query {
    name: "project",
    text: "query project($id: String!) { project(id: $id) { id name environments { edges { node { id name } } } } }",
};

pub(super) const LOOK: Query = Query {
    name: "environment",
    text: "query environment($id: String!, $projectId: String!, $after: String) {
  environment(id: $id, projectId: $projectId) {
    serviceInstances(first: 100, after: $after) {
      edges { node {
        serviceId serviceName numReplicas cronSchedule healthcheckPath source { repo image }
        latestDeployment { id status createdAt meta deploymentStopped instances { id status } }
        activeDeployments { id status createdAt meta deploymentStopped instances { id status } }
      } }
      pageInfo { hasNextPage endCursor }
    }
  }
}",
};

pub(super) const METRICS: Query = Query {
    name: "metrics",
    text: "query metrics($environmentId: String!, $startDate: DateTime!, $measurements: [MetricMeasurement!]!, \
           $groupBy: [MetricTag!]) {
  metrics(environmentId: $environmentId, startDate: $startDate, measurements: $measurements, groupBy: $groupBy) {
    measurement tags { serviceId deploymentInstanceId } values { ts value }
  }
}",
};

pub(super) const DEPLOYMENTS: Query = Query {
    name: "deployments",
    text: "query deployments($input: DeploymentListInput!, $first: Int) {
  deployments(input: $input, first: $first) {
    edges { node { id status createdAt meta canRollback serviceId } }
  }
}",
};

pub(super) const DEPLOYMENT: Query = Query {
    name: "deployment",
    text: "query deployment($id: String!) { deployment(id: $id) { id status deploymentStopped } }",
};

pub(super) const LINES: Query = Query {
    name: "deploymentLogs",
    text: "query deploymentLogs($deploymentId: String!, $limit: Int, $startDate: DateTime, $endDate: DateTime) {
  deploymentLogs(deploymentId: $deploymentId, limit: $limit, startDate: $startDate, endDate: $endDate) {
    timestamp message severity tags { deploymentInstanceId }
  }
}",
};

pub(super) const VARIABLES: Query = Query {
    name: "variables",
    text: "query variables($projectId: String!, $environmentId: String!, $serviceId: String) {
  variables(projectId: $projectId, environmentId: $environmentId, serviceId: $serviceId)
}",
};

pub(super) const VOLUMES: Query = Query {
    name: "volumes",
    text: "query volumes($id: String!, $projectId: String!, $after: String) {
  environment(id: $id, projectId: $projectId) {
    volumeInstances(first: 100, after: $after) {
      edges { node { id serviceId mountPath currentSizeMB sizeMB volume { name } } }
      pageInfo { hasNextPage endCursor }
    }
  }
}",
};

pub(super) const REDEPLOY: Query = Query {
    name: "deploymentRedeploy",
    text: "mutation deploymentRedeploy($id: String!, $usePreviousImageTag: Boolean) {
  deploymentRedeploy(id: $id, usePreviousImageTag: $usePreviousImageTag) { id status }
}",
};

pub(super) const STOP: Query =
    Query { name: "deploymentStop", text: "mutation deploymentStop($id: String!) { deploymentStop(id: $id) }" };

pub(super) const UPDATE: Query = Query {
    name: "serviceInstanceUpdate",
    text: "mutation serviceInstanceUpdate($serviceId: String!, $environmentId: String!, $input: ServiceInstanceUpdateInput!) {
  serviceInstanceUpdate(serviceId: $serviceId, environmentId: $environmentId, input: $input)
}",
};

pub(super) const DEPLOY_AGAIN: Query = Query {
    name: "serviceInstanceRedeploy",
    text: "mutation serviceInstanceRedeploy($serviceId: String!, $environmentId: String!) {
  serviceInstanceRedeploy(serviceId: $serviceId, environmentId: $environmentId)
}",
};
